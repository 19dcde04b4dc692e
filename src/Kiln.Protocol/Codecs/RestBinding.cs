using System.Collections;
using System.Text;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Reads and writes what a REST operation has outside its document: labels, query, headers, status.</summary>
internal sealed class RestBinding(Faults faults)
{
    /// <summary>Fills in the members that travel outside the body.</summary>
    public void Read(WireRequest request, RouteMatch match, Shape shape, object?[] values)
    {
        var taken = 0;
        foreach (var member in shape.Members)
        {
            values[member.Index] = member.Location switch
            {
                MemberLocation.Path => match.Labels.TryGetValue(member.LocationName!, out var label)
                    ? Value(member, member.Shape, label, TimestampFormat.Iso8601)
                    : null,
                MemberLocation.Query => Query(member, match, shape, ref taken),
                MemberLocation.Header => request.Header(member.LocationName!.ToLowerInvariant()) is { } header
                    ? Header(member, header)
                    : null,
                MemberLocation.Headers => Prefixed(member, request),
                _ => null,
            };
            if (values[member.Index] is not { } value) continue;
            if (member.Unsupported is { } why) throw faults.Unsupported(member.LocationName!, why);
            if (member.Limits?.Broken(value) is { } broken)
            {
                throw faults.Invalid(
                    Scalars.Text(member.Shape, value, TimestampFormat.Iso8601), member.LocationName!, broken);
            }
        }

        if (taken < match.Query.Count) CheckQuery(match, shape);
    }

    /// <summary>The headers that a response's members make.</summary>
    public static List<KeyValuePair<string, string>> Headers(
        object response, Shape shape, string requestIdName, string requestId)
    {
        var headers = new List<KeyValuePair<string, string>> { new(requestIdName, requestId) };
        foreach (var member in shape.Members)
        {
            if (member.Location is not (MemberLocation.Header or MemberLocation.Headers)) continue;
            if (member.Get(response) is not { } value) continue;
            if (member.Location == MemberLocation.Header)
            {
                headers.Add(new(member.LocationName!, Clean(Text(member, value))));
                continue;
            }

            var entries = ((IDictionary)value).GetEnumerator();
            while (entries.MoveNext())
                headers.Add(new(member.LocationName + (string)entries.Key, Clean((string)entries.Value!)));
        }

        return headers;
    }

    /// <summary>The status that a response's member says, or else the operation's.</summary>
    public static int Status(object response, OperationShape operation)
    {
        foreach (var member in operation.ResponseShape.Members)
        {
            if (member.Location == MemberLocation.StatusCode && member.Get(response) is int status) return status;
        }

        return operation.SuccessStatus;
    }

    /// <summary>A response whose body is a blob or a text as it is; null where the payload is a document.</summary>
    public static WireResponse? RawPayload(
        Shape shape, object value, int status, List<KeyValuePair<string, string>> headers)
    {
        if (shape.Kind is not (ShapeKind.Blob or ShapeKind.String or ShapeKind.Enum)) return null;
        var declared = headers.Find(h => h.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase));
        headers.Remove(declared);
        return new WireResponse
        {
            Status = status,
            Headers = headers,
            ContentType = declared.Value ?? (shape.Kind == ShapeKind.Blob ? "application/octet-stream" : "text/plain"),
            Body = shape.Kind == ShapeKind.Blob
                ? Scalars.Bytes(value)
                : Encoding.UTF8.GetBytes(Scalars.Text(shape, value, default)),
        };
    }

    private object? Query(Member member, RouteMatch match, Shape shape, ref int taken)
    {
        if (member.Shape.Kind == ShapeKind.Map)
        {
            taken = match.Query.Count;
            return QueryMap(member.Shape, match, shape);
        }

        var found = new List<object?>();
        foreach (var (name, value) in match.Query)
        {
            if (name != member.LocationName) continue;
            taken++;
            if (member.Shape.Kind == ShapeKind.List)
                found.Add(Value(member, member.Shape.Element!, value, TimestampFormat.Iso8601));
            else if (found.Count > 0) throw faults.Malformed($"The parameter {name} is given twice");
            else found.Add(Value(member, member.Shape, value, TimestampFormat.Iso8601));
        }

        if (found.Count == 0) return null;
        return member.Shape.Kind == ShapeKind.List ? member.Shape.CreateList(found) : found[0];
    }

    /// <summary>A map takes the parameters that no other member is bound to.</summary>
    private static object? QueryMap(Shape map, RouteMatch match, Shape shape)
    {
        var entries = new Dictionary<string, object?>();
        var free = match.Query.Where(q => !match.Route.Query.Any(c => c.Key == q.Key)
            && !shape.Members.Any(m => m.Location == MemberLocation.Query && m.LocationName == q.Key));
        foreach (var group in free.GroupBy(q => q.Key, q => q.Value))
        {
            entries[group.Key] = map.Element!.Kind == ShapeKind.List
                ? map.Element.CreateList([.. group])
                : group.First();
        }

        return entries.Count == 0 ? null : map.CreateMap(entries);
    }

    private void CheckQuery(RouteMatch match, Shape shape)
    {
        foreach (var (name, _) in match.Query)
        {
            // Signatures travel in the query, and SDKs name the operation in x-id.
            if (name == "x-id" || name.StartsWith("X-Amz-", StringComparison.OrdinalIgnoreCase)) continue;
            if (match.Route.Query.Any(c => c.Key == name)) continue;
            if (shape.Members.Any(m => m.Location == MemberLocation.Query && m.LocationName == name)) continue;
            throw shape.Unsupported.TryGetValue(name, out var why)
                ? faults.Unsupported(name, why)
                : faults.Unknown(name);
        }
    }

    private object? Header(Member member, string header)
    {
        if (member.Shape.Kind != ShapeKind.List) return Value(member, member.Shape, header, TimestampFormat.HttpDate);
        var element = member.Shape.Element!;
        var isDate = element.Kind == ShapeKind.Timestamp
            && (element.Timestamp ?? TimestampFormat.HttpDate) == TimestampFormat.HttpDate;
        return member.Shape.CreateList(
            Split(header, isDate).ConvertAll(item => Value(member, element, item, TimestampFormat.HttpDate)));
    }

    private static object? Prefixed(Member member, WireRequest request)
    {
        var prefix = member.LocationName!.ToLowerInvariant();
        var entries = new Dictionary<string, object?>();
        foreach (var (name, value) in request.Headers)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal)) entries.Add(name[prefix.Length..], value);
        }

        return entries.Count == 0 ? null : member.Shape.CreateMap(entries);
    }

    private object? Value(Member member, Shape shape, string text, TimestampFormat format) =>
        Scalars.Parse(shape, text, member.Timestamp ?? format) ?? throw faults.Invalid(
            text, member.LocationName!, Faults.TypeOf(shape));

    /// <summary>Takes a list in a header apart: commas separate, quotes protect, a date has one of its own.</summary>
    private static List<string> Split(string header, bool isDate)
    {
        var items = new List<string>();
        if (string.IsNullOrWhiteSpace(header)) return items;
        var item = new StringBuilder();
        var (quoted, commas) = (false, 0);
        for (var i = 0; i < header.Length; i++)
        {
            var c = header[i];
            if (quoted && c == '\\' && i + 1 < header.Length) item.Append(header[++i]);
            else if (c == '"' && (quoted || string.IsNullOrWhiteSpace(item.ToString()))) quoted = !quoted;
            else if (c == ',' && !quoted && !(isDate && commas++ % 2 == 0)) Flush();
            else item.Append(c);
        }

        Flush();
        return items;

        void Flush()
        {
            items.Add(item.ToString().Trim());
            item.Clear();
        }
    }

    private static string Text(Member member, object value)
    {
        if (member.Shape.Kind != ShapeKind.List)
            return Scalars.Text(member.Shape, value, member.Timestamp ?? TimestampFormat.HttpDate);
        var element = member.Shape.Element!;
        return string.Join(", ", ((IEnumerable)value).Cast<object>().Select(item =>
            Quoted(Scalars.Text(element, item, member.Timestamp ?? TimestampFormat.HttpDate), element)));
    }

    private static string Quoted(string text, Shape element)
    {
        if (element.Kind != ShapeKind.String || text.AsSpan().IndexOfAny(',', '"') < 0) return text;
        var escaped = text.Replace("\\", @"\\", StringComparison.Ordinal);
        return $"\"{escaped.Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>A header line carries visible ASCII only; the rest would break the connection.</summary>
    private static string Clean(string text)
    {
        foreach (var c in text)
        {
            if (c is < ' ' or > '~')
                return string.Create(text.Length, text, static (to, from) =>
                {
                    for (var i = 0; i < to.Length; i++) to[i] = from[i] is < ' ' or > '~' ? '?' : from[i];
                });
        }

        return text;
    }
}
