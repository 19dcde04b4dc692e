using System.Text;
using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Codecs;

/// <summary>Finds the operation of a REST request by method, path and the constant part of the query.</summary>
/// <remarks>
/// A template is tried in the order: more constant query parameters, then more literal segments, then no greedy label.
/// So <c>/{Bucket}?versioning</c> wins over <c>/{Bucket}</c>, and <c>/rules/lock</c> over <c>/rules/{id}</c>.
/// </remarks>
internal sealed class RouteTable
{
    private readonly List<Route> _routes;

    public RouteTable(IEnumerable<OperationShape> operations) => _routes = [.. operations
        .Select(o => new Route(o))
        .OrderByDescending(r => r.Query.Count).ThenByDescending(r => r.Literals).ThenBy(r => r.IsGreedy)];

    /// <summary>The route of a request and its labels' values; null where there is none.</summary>
    public RouteMatch? Match(WireRequest request)
    {
        var segments = request.Path.TrimStart('/').Split('/');
        var query = QueryValues(request);
        foreach (var route in _routes)
        {
            if (route.Method == request.Method && route.Query.All(c => Holds(query, c))
                && route.Labels(segments) is { } labels)
                return new RouteMatch(route, labels, query);
        }

        return null;
    }

    private static bool Holds(List<KeyValuePair<string, string>> query, KeyValuePair<string, string?> constant) =>
        query.Exists(q => q.Key == constant.Key && (constant.Value is null || q.Value == constant.Value));

    private static List<KeyValuePair<string, string>> QueryValues(WireRequest request)
    {
        var values = new List<KeyValuePair<string, string>>();
        if (request.QueryString.Length > FormReader.BytesMax)
            throw new AwsException(
                "RequestEntityTooLarge", 413, $"A query may have {FormReader.BytesMax} bytes at most");
        var reader = new FormReader(Encoding.UTF8.GetBytes(request.QueryString));
        while (reader.Next())
        {
            if (values.Count == FormReader.ParametersMax)
                throw new AwsException(
                    "MalformedQueryString", 400, $"A query may have {FormReader.ParametersMax} parameters at most");
            values.Add(new(FormReader.Decode(reader.Name), FormReader.Decode(reader.Value)));
        }

        return values;
    }
}

/// <summary>A request's route.</summary>
internal sealed record RouteMatch(
    Route Route, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<KeyValuePair<string, string>> Query);

/// <summary>One operation's method and URI template.</summary>
internal sealed class Route
{
    private readonly string[] _segments;

    public Route(OperationShape operation)
    {
        var template = operation.UriTemplate
            ?? throw new ArgumentException($"{operation.Name} has no URI template.", nameof(operation));
        var question = template.IndexOf('?', StringComparison.Ordinal);
        Name = operation.Name;
        Method = operation.Method ?? throw new ArgumentException($"{operation.Name} has no method.", nameof(operation));
        _segments = (question < 0 ? template : template[..question]).TrimStart('/').Split('/');
        Query = question < 0 ? [] : [.. template[(question + 1)..].Split('&').Select(Constant)];
        Literals = _segments.Count(s => !s.StartsWith('{'));
        IsGreedy = _segments.Any(s => s.EndsWith("+}", StringComparison.Ordinal));
    }

    public string Name { get; }

    public string Method { get; }

    public IReadOnlyList<KeyValuePair<string, string?>> Query { get; }

    public int Literals { get; }

    public bool IsGreedy { get; }

    /// <summary>The labels' decoded values when a path fits; null when it does not.</summary>
    public IReadOnlyDictionary<string, string>? Labels(string[] path)
    {
        var extra = path.Length - _segments.Length;
        if (IsGreedy ? extra < 0 : extra != 0) return null;
        var labels = new Dictionary<string, string>();
        var at = 0;
        foreach (var segment in _segments)
        {
            if (!segment.StartsWith('{'))
            {
                if (Decoded(path[at++]) != segment) return null;
                continue;
            }

            var isGreedy = segment.EndsWith("+}", StringComparison.Ordinal);
            var taken = isGreedy ? extra + 1 : 1;
            var value = string.Join('/', path.AsSpan(at, taken).ToArray());
            if (value.Length == 0) return null;
            labels[segment[1..^(isGreedy ? 2 : 1)]] = Decoded(value);
            at += taken;
        }

        return labels;
    }

    private static KeyValuePair<string, string?> Constant(string pair) =>
        pair.Split('=', 2) is [var name, var value] ? new(name, value) : new(pair, null);

    /// <summary>Unlike in a form, a plus sign in a path is a plus sign.</summary>
    private static string Decoded(string text) => text.Contains('%', StringComparison.Ordinal)
        ? FormReader.Decode(Encoding.UTF8.GetBytes(text.Replace("+", "%2B", StringComparison.Ordinal)))
        : text;
}
