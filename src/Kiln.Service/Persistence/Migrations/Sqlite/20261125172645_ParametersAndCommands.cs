using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Sqlite
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
                    CommandId = table.Column<string>(type: "TEXT", maxLength: 36, nullable: false),
                    InstanceId = table.Column<string>(type: "TEXT", maxLength: 24, nullable: false),
                    AccountId = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    Region = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Order = table.Column<string>(type: "TEXT", maxLength: 96, nullable: false),
                    InstanceName = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    Status = table.Column<string>(type: "TEXT", nullable: false),
                    StatusDetails = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    ResponseCode = table.Column<int>(type: "INTEGER", nullable: false),
                    Output = table.Column<string>(type: "TEXT", maxLength: 24000, nullable: false),
                    Error = table.Column<string>(type: "TEXT", maxLength: 8000, nullable: false),
                    Pid = table.Column<long>(type: "INTEGER", nullable: true),
                    StartedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    EndedAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_Invocations", x => new { x.CommandId, x.InstanceId });
                });

            migrationBuilder.CreateTable(
                name: "ParameterVersions",
                columns: table => new
                {
                    AccountId = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    Region = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Name = table.Column<string>(type: "TEXT", maxLength: 1011, nullable: false),
                    Number = table.Column<long>(type: "INTEGER", nullable: false),
                    IsCurrent = table.Column<bool>(type: "INTEGER", nullable: false),
                    Type = table.Column<string>(type: "TEXT", nullable: false),
                    Value = table.Column<string>(type: "TEXT", nullable: false),
                    KeyId = table.Column<string>(type: "TEXT", maxLength: 2048, nullable: true),
                    Description = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: true),
                    AllowedPattern = table.Column<string>(type: "TEXT", maxLength: 1024, nullable: true),
                    Tier = table.Column<string>(type: "TEXT", nullable: false),
                    DataType = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    LastModifiedDate = table.Column<long>(type: "INTEGER", nullable: false),
                    LastModifiedUser = table.Column<string>(type: "TEXT", maxLength: 2048, nullable: false),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_ParameterVersions", x => new { x.AccountId, x.Region, x.Name, x.Number });
                });

            migrationBuilder.CreateTable(
                name: "RunCommands",
                columns: table => new
                {
                    Id = table.Column<string>(type: "TEXT", maxLength: 36, nullable: false),
                    AccountId = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    Region = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    Order = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    DocumentName = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    DocumentVersion = table.Column<string>(type: "TEXT", maxLength: 16, nullable: false),
                    Comment = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    Parameters = table.Column<string>(type: "TEXT", nullable: false),
                    InstanceIds = table.Column<string>(type: "TEXT", nullable: false),
                    Targets = table.Column<string>(type: "TEXT", nullable: false),
                    RequestedAt = table.Column<long>(type: "INTEGER", nullable: false),
                    TimeoutSeconds = table.Column<int>(type: "INTEGER", nullable: false),
                    MaxConcurrency = table.Column<string>(type: "TEXT", maxLength: 7, nullable: false),
                    MaxErrors = table.Column<string>(type: "TEXT", maxLength: 7, nullable: false),
                    CancelledAt = table.Column<long>(type: "INTEGER", nullable: true),
                    Version = table.Column<long>(type: "INTEGER", nullable: false)
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
