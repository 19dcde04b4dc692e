using System.Text.Json.Nodes;

namespace Kiln.Tests.Ebs;

/// <summary>Builds requests.</summary>
internal static class JsonObjects
{
    /// <summary>The object with one more member.</summary>
    public static JsonObject With(this JsonObject json, string name, JsonNode value)
    {
        json[name] = value;
        return json;
    }
}
