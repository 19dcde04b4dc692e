namespace Kiln.Cli;

/// <summary>Why a verb gave up, in a sentence for people, with what to do next.</summary>
/// <param name="message">The sentence.</param>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
public sealed class CliException(string message, int exitCode = ExitCodes.Failed) : Exception(message)
{
    /// <summary>What the process ends with.</summary>
    public int ExitCode { get; } = exitCode;
}
