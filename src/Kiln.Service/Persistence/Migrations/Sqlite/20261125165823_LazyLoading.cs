using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Sqlite
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
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "FastRestored",
                table: "Volumes",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "InitializationRate",
                table: "Volumes",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "InitializedAt",
                table: "Volumes",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "CompletionDurationMinutes",
                table: "Snapshots",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "FastSnapshotRestores",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    Region = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    AccountId = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    NodeId = table.Column<string>(type: "TEXT", maxLength: 40, nullable: false),
                    SnapshotId = table.Column<string>(type: "TEXT", maxLength: 24, nullable: false),
                    AvailabilityZone = table.Column<string>(type: "TEXT", maxLength: 40, nullable: false),
                    ManifestId = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    SizeGiB = table.Column<int>(type: "INTEGER", nullable: false),
                    State = table.Column<string>(type: "TEXT", nullable: false),
                    EnablingTime = table.Column<long>(type: "INTEGER", nullable: false),
                    OptimizingTime = table.Column<long>(type: "INTEGER", nullable: true),
                    EnabledTime = table.Column<long>(type: "INTEGER", nullable: true),
                    DisablingTime = table.Column<long>(type: "INTEGER", nullable: true),
                    DisabledTime = table.Column<long>(type: "INTEGER", nullable: true),
                    Credits = table.Column<double>(type: "REAL", nullable: false),
                    CreditsAt = table.Column<long>(type: "INTEGER", nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
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
