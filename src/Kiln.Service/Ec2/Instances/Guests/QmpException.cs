using System.Text.Json;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>QEMU, or the agent inside a machine, refuses a command.</summary>
/// <param name="kind">The error's class, e.g. <c>DeviceNotFound</c>; most are <c>GenericError</c>.</param>
/// <param name="description">What it says, at most 1,024 characters.</param>
public sealed class QmpException(string kind, string description) : Exception(description)
{
    private const int DescriptionMax = 1024;

    /// <summary>The error's class.</summary>
    public string Kind { get; } = kind;

    /// <summary>Reads <c>{"error":{"class":…,"desc":…}}</c>; whatever else was said is an error too.</summary>
    internal static QmpException Of(JsonElement answer)
    {
        var error = answer.TryGetProperty("error", out var given) ? given : default;
        var text = Text(error, "desc") ?? "An answer without a result.";
        return new QmpException(
            Text(error, "class") ?? "GenericError", text.Length > DescriptionMax ? text[..DescriptionMax] : text);
    }

    private static string? Text(JsonElement error, string name) =>
        error.ValueKind == JsonValueKind.Object && error.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
