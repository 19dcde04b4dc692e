using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Kiln.Tests.Architecture;

/// <summary>The name is the address: folders, files, namespaces and types.</summary>
public sealed partial class NameTests
{
    private static readonly string[] Projects = ["Kiln.Protocol", "Kiln.Blocks", "Kiln.Service", "Kiln.Cli", "kiln"];

    private static readonly string[] Suffixes =
        ["Manager", "Helper", "Helpers", "Service", "Util", "Utils", "Impl", "Dto", "Repository", "Mediator"];

    [Fact]
    public void A_namespace_equals_its_folder() => Rule.Holds(
        from file in Tree.Code()
        let declared = Namespace().Match(Tree.Text(file))
        where declared.Success
        let parts = file.Split('/')
        let expected = string.Join('.', parts[1..^1])
        where parts.Length > 2 && declared.Groups[1].Value != expected
        select $"{file}: {declared.Groups[1].Value}, expected {expected}",
        "Move the file or rename its namespace: src/Kiln.Service/Ec2/Images is Kiln.Service.Ec2.Images.");

    [Fact]
    public void A_file_is_named_as_its_type() => Rule.Holds(
        from file in Tree.Code()
        where Path.GetFileName(file) is not ("Program.cs" or "GlobalUsings.cs" or "AssemblyInfo.cs")
        let types = TopLevel(file)
        let name = Path.GetFileName(file).Split('.')[0]
        where types.Count > 0 && !(types.Any(t => t.Name == name) || IsFamily(name, types))
        select $"{file} holds {string.Join(", ", types.Select(t => t.Name))}",
        "A file has the name of its type; only a family of attributes may share one, named …Attributes.cs.");

    [Fact]
    public void A_file_has_one_class() => Rule.Holds(
        from file in Tree.Code()
        let classes = TopLevel(file).Where(t => t is { Kind: "class" or "struct", Public: true }).ToList()
        where classes.Count > 1 && !classes.All(c => c.Name.EndsWith("Attribute", StringComparison.Ordinal))
        select $"{file} holds {string.Join(", ", classes.Select(c => c.Name))}",
        "Give each public class its own file; small records, enums and delegates may stay beside the class "
        + "that uses them.");

    [Fact]
    public void No_type_has_a_name_that_says_nothing() => Rule.Holds(
        from type in OurTypes()
        from suffix in Suffixes
        where type.Name.Split('`')[0].EndsWith(suffix, StringComparison.Ordinal)
        select type.FullName!,
        $"None of {string.Join(", ", Suffixes)}: name the thing by what it is "
        + "(states: ImageState, loops: ImageReconciler).");

    [Fact]
    public void Classes_are_sealed_unless_something_derives_from_them()
    {
        var types = OurTypes().ToList();
        var bases = types.Select(t => t.BaseType).Where(b => b is not null)
            .Select(b => b!.IsGenericType ? b.GetGenericTypeDefinition() : b).ToHashSet();
        Rule.Holds(
            from type in types
            where type is { IsClass: true, IsSealed: false, IsAbstract: false } && type.Name != "Program"
                && !bases.Contains(type) && type.Namespace?.Contains("Migrations", StringComparison.Ordinal) != true
            select type.FullName!,
            "Seal it: nothing derives from it, and a reader need not look for what might.");
    }

    [Fact]
    public void Entities_and_operations_are_sealed() => Rule.Holds(
        Entities.Sets().Select(s => s.Entity).Concat(OurTypes().Where(IsOperation)).Distinct()
            .Where(t => !t.IsSealed).Select(t => t.FullName!),
        "Seal it: an entity's rules and an operation's effect are read in one file.");

    [Fact]
    public void An_operation_lives_at_its_address() => Rule.Holds(
        from type in OurTypes().Where(IsOperation)
        let attribute = type.GetCustomAttributesData().First(a => a.AttributeType.Name == "OperationAttribute")
        let named = ((string)attribute.ConstructorArguments[0].Value!).Split(':')
        let folder = type.Namespace!.Split('.').ElementAtOrDefault(2) ?? ""
        where !folder.Equals(named[0] == "kiln" ? "Admin" : named[0], StringComparison.OrdinalIgnoreCase)
            || type.Name != named[1]
            || !File.Exists(Path.Combine(Tree.Root, "src", "Kiln.Service",
                Path.Combine([.. type.Namespace!.Split('.')[2..]]), type.Name + ".cs"))
        select $"{type.FullName} is {named[0]}:{named[1]}",
        "ec2:CreateImage is the class CreateImage in Ec2/…/CreateImage.cs, and nowhere else.");

    private static bool IsOperation(Type type) =>
        type.GetCustomAttributesData().Any(a => a.AttributeType.Name == "OperationAttribute");

    private static IEnumerable<Type> OurTypes() =>
        from project in Projects
        from type in Assembly.Load(project).GetTypes()
        where type.Namespace?.StartsWith("Kiln", StringComparison.Ordinal) == true
            && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false)
            && !type.Name.Contains('<', StringComparison.Ordinal)
            && type.DeclaringType?.Name.Contains('<', StringComparison.Ordinal) != true
        select type;

    private static bool IsFamily(string file, IReadOnlyList<TopLevelType> types) =>
        file.EndsWith("Attributes", StringComparison.Ordinal)
        && types.All(t => t.Name.EndsWith("Attribute", StringComparison.Ordinal));

    private static List<TopLevelType> TopLevel(string file) =>
        [.. Declaration().Matches(Tree.Text(file)).Select(m =>
            new TopLevelType(m.Groups["kind"].Value, m.Groups["name"].Value, m.Groups["public"].Success))];

    private sealed record TopLevelType(string Kind, string Name, bool Public);

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    // Namespaces are file-scoped, so a declaration that begins a line is at the top level.
    [GeneratedRegex(
        @"^(?:(?<public>public)|internal|file)?[ ]?(?:(?:static|sealed|abstract|partial|readonly|ref|unsafe|file)[ ])*"
        + @"(?<kind>class|record struct|record|struct|interface|enum|delegate [\w<>?]+)[ ](?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
