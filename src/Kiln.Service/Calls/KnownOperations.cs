using System.Collections.Frozen;

namespace Kiln.Service.Calls;

/// <summary>The operations that AWS has, by service, whether or not Kiln has them.</summary>
/// <remarks>
/// An operation AWS has and Kiln lacks answers <c>UnsupportedOperation</c>; one that nobody has, <c>InvalidAction</c>.
/// Names only, written by <c>tools/Kiln.Draft distil</c> from the public API models: see docs/operations.md.
/// </remarks>
public static class KnownOperations
{
    private const string Resource = "Kiln.Service.Calls.KnownOperations.txt";

    // Read on first use: a server that is never asked for a missing operation never pays for the list.
    private static readonly Lazy<FrozenDictionary<string, FrozenSet<string>>> ByService = new(Read);

    /// <summary>The services of the list, by the name in a signature's scope, e.g. <c>ec2</c>.</summary>
    public static IEnumerable<string> Services => ByService.Value.Keys;

    /// <summary>Whether AWS has this operation; names are compared exactly, as AWS does.</summary>
    /// <param name="service">The service's name in the signature's scope, in lower case.</param>
    /// <param name="operation">The operation, e.g. <c>CreateImage</c>.</param>
    public static bool Contains(string service, string operation) =>
        ByService.Value.TryGetValue(service, out var operations) && operations.Contains(operation);

    /// <summary>The operations of a service in no particular order; empty for a service that is not in the
    /// list.</summary>
    public static IReadOnlyCollection<string> Of(string service) =>
        ByService.Value.TryGetValue(service, out var operations) ? operations : [];

    private static FrozenDictionary<string, FrozenSet<string>> Read()
    {
        using var stream = typeof(KnownOperations).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from the build.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.TrimEnd('\r').Split(' ', 2))
            .GroupBy(parts => parts[0], parts => parts[1], StringComparer.Ordinal)
            .ToFrozenDictionary(g => g.Key, g => g.ToFrozenSet(StringComparer.Ordinal), StringComparer.Ordinal);
    }
}
