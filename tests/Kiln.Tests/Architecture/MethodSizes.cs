using System.Reflection.Metadata;

namespace Kiln.Tests.Architecture;

/// <summary>The length of every method body, read out of the debug symbols: the compiler knows where a method
/// is.</summary>
public static class MethodSizes
{
    /// <summary>A method's place and its lines from the first statement to the last.</summary>
    public sealed record Size(string File, int Line, string Name, int Lines);

    /// <summary>The methods of every assembly of ours beside the tests, generated code left out.</summary>
    public static IEnumerable<Size> All() =>
        Directory.EnumerateFiles(AppContext.BaseDirectory, "*.pdb")
            .Where(f => Path.GetFileName(f).StartsWith("kiln", StringComparison.OrdinalIgnoreCase))
            .SelectMany(Of);

    private static List<Size> Of(string symbols)
    {
        using var assembly = new System.Reflection.PortableExecutable.PEReader(
            File.OpenRead(Path.ChangeExtension(symbols, ".dll")));
        using var provider = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(symbols));
        var debug = provider.GetMetadataReader();
        var code = assembly.GetMetadataReader();
        var sizes = new List<Size>();
        foreach (var handle in debug.MethodDebugInformation)
        {
            var method = code.GetMethodDefinition(handle.ToDefinitionHandle());
            var name = code.GetString(method.Name);
            // A constructor's points include the field initialisers, wherever they stand in the class.
            if (name is ".ctor" or ".cctor")
                continue;
            var information = debug.GetMethodDebugInformation(handle);
            var points = information.GetSequencePoints().Where(p => !p.IsHidden).ToList();
            if (points.Count == 0)
                continue;
            var document = debug.GetDocument(points[0].Document);
            var file = Tree.Relative(debug.GetString(document.Name));
            if (file.StartsWith("..", StringComparison.Ordinal) || file.Contains("/obj/", StringComparison.Ordinal)
                || file.Contains("/Migrations/", StringComparison.Ordinal))
                continue;
            var first = points.Min(p => p.StartLine);
            var owner = code.GetString(code.GetTypeDefinition(method.GetDeclaringType()).Name);
            sizes.Add(new Size(file, first, $"{owner}.{name}", points.Max(p => p.EndLine) - first + 1));
        }
        return sizes;
    }
}
