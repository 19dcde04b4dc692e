using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Kiln.Service.Persistence.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class MetadataOfInstances : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "ProfileAssociatedAt",
                table: "Instances",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ProfileAssociationId",
                table: "Instances",
                type: "character varying(32)",
                maxLength: 32,
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<string>(
                name: "PublicKey",
                table: "Instances",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.CreateIndex(
                name: "IX_Instances_ProfileAssociationId",
                table: "Instances",
                column: "ProfileAssociationId");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_Instances_ProfileAssociationId",
                table: "Instances");

            migrationBuilder.DropColumn(
                name: "ProfileAssociatedAt",
                table: "Instances");

            migrationBuilder.DropColumn(
                name: "ProfileAssociationId",
                table: "Instances");

            migrationBuilder.DropColumn(
                name: "PublicKey",
                table: "Instances");
        }
    }
}
