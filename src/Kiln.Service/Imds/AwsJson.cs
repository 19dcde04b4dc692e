using System.Globalization;
using System.Text.Json;

namespace Kiln.Service.Imds;

/// <summary>JSON objects as the metadata service spaces them: shell scripts look for these very texts.</summary>
internal static class AwsJson
{
    /// <summary>An object of texts, in this order.</summary>
    public static string Of(params (string Name, string? Value)[] members) => "{\n" + string.Join(",\n", members.Select(
        m => $"  \"{m.Name}\" : {(m.Value is null ? "null" : JsonSerializer.Serialize(m.Value, Plain))}")) + "\n}";

    /// <summary>A time in whole seconds of UTC.</summary>
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    // A secret key has '+', which the default encoder would write as an escape that grep does not know.
    private static readonly JsonSerializerOptions Plain =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
