using System.Text.Json;

namespace Kiln.Conformance.Fixtures;

/// <summary>The aws CLI of Debian's package, unmodified, against a running Kiln, as one account in one
/// Region.</summary>
public sealed class AwsCli(KilnProcess kiln, string account, string region)
{
    /// <summary>Debian's program: another one earlier on the path is not what this proves.</summary>
    public const string Program = "/usr/bin/aws";

    /// <summary>Runs it with arguments split at spaces (none of ours holds one).</summary>
    public Task<Outcome> Run(string arguments) => Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Runs it. Debian's version has no AWS_ENDPOINT_URL, so the endpoint is an argument.</summary>
    public Task<Outcome> Run(params string[] arguments) => Command.Run(
        Program, ["--endpoint-url", kiln.Url, "--output", "json", .. arguments], kiln.Variables(account, region),
        kiln.Folder);

    /// <summary>Runs it and reads its JSON.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public async Task<JsonElement> Json(params string[] arguments)
    {
        var outcome = await Run(arguments);
        if (outcome.ExitCode != 0)
            throw new InvalidOperationException($"aws {string.Join(' ', arguments)}: {outcome.Errors}");
        return outcome.Output.Trim().Length == 0 ? default : JsonDocument.Parse(outcome.Output).RootElement;
    }

    /// <summary>Runs it with arguments split at spaces and reads its JSON.</summary>
    public Task<JsonElement> Json(string arguments) =>
        Json(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Runs it, expecting an AWS error, and answers its code.</summary>
    public async Task<string> Error(params string[] arguments)
    {
        var outcome = await Run(arguments);
        return outcome.ErrorCode
            ?? throw new InvalidOperationException(
                $"aws {string.Join(' ', arguments)} did not fail with an AWS error: {outcome.Output}{outcome.Errors}");
    }

    /// <summary>Runs it with arguments split at spaces, expecting an AWS error, and answers its code.</summary>
    public Task<string> Error(string arguments) => Error(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
