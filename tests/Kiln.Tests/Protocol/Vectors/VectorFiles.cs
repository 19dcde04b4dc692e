using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Kiln.Tests.Protocol.Vectors;

/// <summary>One case of the public protocol vectors.</summary>
/// <remarks>They are botocore's tests/unit/protocols, Apache-2.0, and not part of this repository.</remarks>
public sealed record VectorCase(string Protocol, JsonElement Suite, JsonElement Case)
{
    public string Id => Case.GetProperty("id").GetString()!;

    public JsonElement Given => Case.GetProperty("given");

    public override string ToString() => $"{Protocol} {Id}";
}

/// <summary>Finds the vectors: in <c>KILN_VECTORS</c>, or in <c>shared/vectors</c> in a folder above.</summary>
public static class VectorFiles
{
    public const string Absent = "the public protocol vectors are not here; set KILN_VECTORS to their folder";

    private static readonly string? Folder = Find();

    public static bool ArePresent => Folder is not null;

    public static IReadOnlyList<VectorCase> Read(string direction, string protocol)
    {
        if (Folder is null) return [];
        var file = File.ReadAllBytes(Path.Combine(Folder, direction, protocol + ".json"));
        var suites = JsonDocument.Parse(file).RootElement;
        return [.. suites.EnumerateArray().SelectMany(suite =>
            suite.GetProperty("cases").EnumerateArray().Select(c => new VectorCase(protocol, suite, c)))];
    }

    private static string? Find([CallerFilePath] string here = "")
    {
        if (Environment.GetEnvironmentVariable("KILN_VECTORS") is { Length: > 0 } named) return named;
        for (var folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var candidate = Path.Combine(folder, "shared", "vectors");
            if (Directory.Exists(Path.Combine(candidate, "input"))) return candidate;
        }

        return null;
    }
}
