using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;

namespace Kiln.Tests.Protocol.Vectors;

/// <summary>Spells a body in one way, so that two that mean the same compare equal.</summary>
/// <remarks>
/// Not compared: the order of differently named siblings, white space between elements, namespace declarations, the
/// request's id, how many digits a number or a second is written with, in rest-xml the root's name (no client looks at
/// it), the namespace of an error's type, the case of an error's <c>message</c> and whether an empty one is there.
/// </remarks>
public static class Bodies
{
    public static string Xml(string body, bool compareRoot)
    {
        var root = XElement.Parse(body);
        if (!compareRoot) root.Name = "root";
        return Xml(root);
    }

    public static string Json(string body) =>
        body.Trim().Length == 0 ? "{}" : Json(JsonDocument.Parse(body).RootElement);

    public static string Text(string text) =>
        Timestamps.TryParse(text, TimestampFormat.Iso8601, out var time) ? "time " + time.ToUnixTimeMilliseconds()
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number.ToString("R", CultureInfo.InvariantCulture)
        : text;

    private static string Xml(XElement element)
    {
        var attributes = element.Attributes().Where(a => !a.IsNamespaceDeclaration)
            .Select(a => $"@{a.Name.LocalName}={a.Value}").Order(StringComparer.Ordinal);
        var children = element.Elements()
            .Where(e => e.Name.LocalName is not ("requestId" or "RequestId" or "RequestID" or "ResponseMetadata"))
            .Where(e => e.Name.LocalName != "Message" || e.Value.Length > 0)
            .OrderBy(e => e.Name.LocalName, StringComparer.Ordinal).Select(Xml);
        var text = element.HasElements ? "" : Text(element.Value);
        return $"<{element.Name.LocalName}{string.Concat(attributes)}>{text}{string.Concat(children)}</>";
    }

    private static string Property(JsonProperty property) => property.Name switch
    {
        "__type" => "__type:" + property.Value.GetString()!.Split('#')[^1].Split(':')[0],
        "Message" => "message:" + Json(property.Value),
        _ => $"{property.Name}:{Json(property.Value)}",
    };

    private static string Json(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", json.EnumerateObject()
            .Where(p => !(p.NameEquals("message") && p.Value.GetRawText() == "\"\""))
            .Select(Property).Order(StringComparer.Ordinal)) + "}",
        JsonValueKind.Array => "[" + string.Join(",", json.EnumerateArray().Select(Json)) + "]",
        JsonValueKind.String => "\"" + Text(json.GetString()!) + "\"",
        JsonValueKind.Number => Text(json.GetRawText()),
        _ => json.GetRawText(),
    };
}
