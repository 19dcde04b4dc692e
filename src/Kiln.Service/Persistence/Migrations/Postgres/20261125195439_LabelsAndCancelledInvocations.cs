using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class LabelsAndCancelledInvocations : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "Labels",
                table: "ParameterVersions",
                type: "text",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<long>(
                name: "CancelledAt",
                table: "Invocations",
                type: "bigint",
                nullable: true);

            migrationBuilder.Sql("""
                UPDATE "Invocations" SET "CancelledAt" =
                    (SELECT c."CancelledAt" FROM "RunCommands" c WHERE c."Id" = "Invocations"."CommandId")
                """);

            migrationBuilder.DropColumn(
                name: "CancelledAt",
                table: "RunCommands");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "Labels",
                table: "ParameterVersions");

            migrationBuilder.DropColumn(
                name: "CancelledAt",
                table: "Invocations");

            migrationBuilder.AddColumn<long>(
                name: "CancelledAt",
                table: "RunCommands",
                type: "bigint",
                nullable: true);
        }
    }
}
