using System.Text.Json;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>How a program that was started through a machine's agent stands.</summary>
/// <param name="Exited">Whether it has ended; the rest means something only then.</param>
/// <param name="ExitCode">What it returned; null when a signal ended it.</param>
/// <param name="Signal">The signal that ended it, or null.</param>
/// <param name="Output">What it wrote to its standard output, up to 16 MiB.</param>
/// <param name="Error">What it wrote to its standard error, up to 16 MiB.</param>
/// <param name="OutputTruncated">Whether it wrote more.</param>
/// <param name="ErrorTruncated">Whether it wrote more.</param>
public sealed record GuestExecStatus(
    bool Exited, int? ExitCode, int? Signal, byte[] Output, byte[] Error, bool OutputTruncated, bool ErrorTruncated)
{
    /// <summary>Reads the agent's answer, of which every part may be missing or wrong.</summary>
    internal static GuestExecStatus Of(JsonElement answer) => new(
        Flag(answer, "exited"), Number(answer, "exitcode"), Number(answer, "signal"), Bytes(answer, "out-data"),
        Bytes(answer, "err-data"), Flag(answer, "out-truncated"), Flag(answer, "err-truncated"));

    private static bool Flag(JsonElement answer, string name) =>
        Member(answer, name).ValueKind == JsonValueKind.True;

    private static int? Number(JsonElement answer, string name) =>
        Member(answer, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
            ? number : null;

    private static byte[] Bytes(JsonElement answer, string name) =>
        Member(answer, name) is { ValueKind: JsonValueKind.String } value && value.TryGetBytesFromBase64(out var bytes)
            ? bytes : [];

    private static JsonElement Member(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var value) ? value : default;
}
