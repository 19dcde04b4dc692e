using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class LazyLoading : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "BaseSizeGiB",
                table: "Volumes",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "FastRestored",
                table: "Volumes",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "InitializationRate",
                table: "Volumes",
                type: "integer",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "InitializedAt",
                table: "Volumes",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "CompletionDurationMinutes",
                table: "Snapshots",
                type: "integer",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "FastSnapshotRestores",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    NodeId = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    SnapshotId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    AvailabilityZone = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    ManifestId = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    SizeGiB = table.Column<int>(type: "integer", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    EnablingTime = table.Column<long>(type: "bigint", nullable: false),
                    OptimizingTime = table.Column<long>(type: "bigint", nullable: true),
                    EnabledTime = table.Column<long>(type: "bigint", nullable: true),
                    DisablingTime = table.Column<long>(type: "bigint", nullable: true),
                    DisabledTime = table.Column<long>(type: "bigint", nullable: true),
                    Credits = table.Column<double>(type: "double precision", nullable: false),
                    CreditsAt = table.Column<long>(type: "bigint", nullable: false),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_FastSnapshotRestores", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_FastSnapshotRestores_Region_AccountId_Id",
                table: "FastSnapshotRestores",
                columns: new[] { "Region", "AccountId", "Id" });

            migrationBuilder.CreateIndex(
                name: "IX_FastSnapshotRestores_SnapshotId",
                table: "FastSnapshotRestores",
                column: "SnapshotId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "FastSnapshotRestores");

            migrationBuilder.DropColumn(
                name: "BaseSizeGiB",
                table: "Volumes");

            migrationBuilder.DropColumn(
                name: "FastRestored",
                table: "Volumes");

            migrationBuilder.DropColumn(
                name: "InitializationRate",
                table: "Volumes");

            migrationBuilder.DropColumn(
                name: "InitializedAt",
                table: "Volumes");

            migrationBuilder.DropColumn(
                name: "CompletionDurationMinutes",
                table: "Snapshots");
        }
    }
}
