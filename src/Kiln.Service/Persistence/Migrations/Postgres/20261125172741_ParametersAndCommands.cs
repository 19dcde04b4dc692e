using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class ParametersAndCommands : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "Invocations",
                columns: table => new
                {
                    CommandId = table.Column<string>(type: "character varying(36)", maxLength: 36, nullable: false, collation: "C"),
                    InstanceId = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Order = table.Column<string>(type: "character varying(96)", maxLength: 96, nullable: false, collation: "C"),
                    InstanceName = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    Status = table.Column<string>(type: "text", nullable: false),
                    StatusDetails = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    ResponseCode = table.Column<int>(type: "integer", nullable: false),
                    Output = table.Column<string>(type: "character varying(24000)", maxLength: 24000, nullable: false, collation: "C"),
                    Error = table.Column<string>(type: "character varying(8000)", maxLength: 8000, nullable: false, collation: "C"),
                    Pid = table.Column<long>(type: "bigint", nullable: true),
                    StartedAt = table.Column<long>(type: "bigint", nullable: true),
                    EndedAt = table.Column<long>(type: "bigint", nullable: true),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Invocations", x => new { x.CommandId, x.InstanceId });
                });

            migrationBuilder.CreateTable(
                name: "ParameterVersions",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Name = table.Column<string>(type: "character varying(1011)", maxLength: 1011, nullable: false, collation: "C"),
                    Number = table.Column<long>(type: "bigint", nullable: false),
                    IsCurrent = table.Column<bool>(type: "boolean", nullable: false),
                    Type = table.Column<string>(type: "text", nullable: false),
                    Value = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    KeyId = table.Column<string>(type: "character varying(2048)", maxLength: 2048, nullable: true, collation: "C"),
                    Description = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    AllowedPattern = table.Column<string>(type: "character varying(1024)", maxLength: 1024, nullable: true, collation: "C"),
                    Tier = table.Column<string>(type: "text", nullable: false),
                    DataType = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    LastModifiedDate = table.Column<long>(type: "bigint", nullable: false),
                    LastModifiedUser = table.Column<string>(type: "character varying(2048)", maxLength: 2048, nullable: false, collation: "C"),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ParameterVersions", x => new { x.AccountId, x.Region, x.Name, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "RunCommands",
                columns: table => new
                {
                    Id = table.Column<string>(type: "character varying(36)", maxLength: 36, nullable: false, collation: "C"),
                    AccountId = table.Column<string>(type: "character varying(12)", maxLength: 12, nullable: false, collation: "C"),
                    Region = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false, collation: "C"),
                    Order = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    DocumentName = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    DocumentVersion = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    Comment = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false, collation: "C"),
                    Parameters = table.Column<string>(type: "text", nullable: false),
                    InstanceIds = table.Column<string>(type: "text", nullable: false),
                    Targets = table.Column<string>(type: "text", nullable: false),
                    RequestedAt = table.Column<long>(type: "bigint", nullable: false),
                    TimeoutSeconds = table.Column<int>(type: "integer", nullable: false),
                    MaxConcurrency = table.Column<string>(type: "character varying(7)", maxLength: 7, nullable: false, collation: "C"),
                    MaxErrors = table.Column<string>(type: "character varying(7)", maxLength: 7, nullable: false, collation: "C"),
                    CancelledAt = table.Column<long>(type: "bigint", nullable: true),
                    Version = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_RunCommands", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_Invocations_AccountId_Region_Order",
                table: "Invocations",
                columns: new[] { "AccountId", "Region", "Order" });

            migrationBuilder.CreateIndex(
                name: "IX_ParameterVersions_AccountId_Region_IsCurrent",
                table: "ParameterVersions",
                columns: new[] { "AccountId", "Region", "IsCurrent" });

            migrationBuilder.CreateIndex(
                name: "IX_RunCommands_AccountId_Region_Order",
                table: "RunCommands",
                columns: new[] { "AccountId", "Region", "Order" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "Invocations");

            migrationBuilder.DropTable(
                name: "ParameterVersions");

            migrationBuilder.DropTable(
                name: "RunCommands");
        }
    }
}
