using System.Reflection;
using System.Xml.Linq;

namespace Kiln.Tests.Architecture;

/// <summary>Who may know whom: between projects.</summary>
public sealed class DirectionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Kiln.Protocol"] = [],
        ["Kiln.Blocks"] = [],
        ["Kiln.Disks"] = [],
        ["Kiln.Service"] = ["Kiln.Protocol", "Kiln.Blocks"],
        ["Kiln.Console"] = ["Kiln.Service"],
        ["Kiln.Cli"] = ["Kiln.Protocol", "Kiln.Disks"],
        ["Kiln.Host"] = ["Kiln.Service", "Kiln.Console", "Kiln.Cli"],
    };

    [Fact]
    public void Projects_reference_only_what_lies_below_them() => Rule.Holds(
        from file in Tree.Files(".csproj")
        where file.StartsWith("src/", StringComparison.Ordinal)
        let project = Path.GetFileNameWithoutExtension(file)
        from reference in XDocument.Parse(Tree.Text(file)).Descendants("ProjectReference")
        let target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'))
        where !Allowed.TryGetValue(project, out var allowed) || !allowed.Contains(target)
        select $"{project} → {target}",
        "Host → {Service, Console, Cli}, Console → Service, Service → {Protocol, Blocks}, Cli → {Protocol, Disks}. "
        + "Move the code to the side that may know the other, or write a decision record and change this list.");

    [Theory]
    [InlineData("Kiln.Protocol")]
    [InlineData("Kiln.Blocks")]
    [InlineData("Kiln.Disks")]
    public void The_lowest_projects_know_no_web_framework_no_database_and_none_of_ours(string project) => Rule.Holds(
        Assembly.Load(project).GetReferencedAssemblies().Select(a => a.Name!)
            .Where(a => a.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                || a.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal)
                || a.StartsWith("AWSSDK", StringComparison.Ordinal)
                || a.StartsWith("Kiln", StringComparison.Ordinal)),
        $"{project} is pure: it takes bytes and gives bytes. Adapt at its border, in Kiln.Service or Kiln.Host.");
}
