using System.CommandLine;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli;

/// <summary>A verb under way.</summary>
/// <param name="Arguments">The command line.</param>
/// <param name="Service">The service, looked for when it is first needed.</param>
/// <param name="Screen">Where to print.</param>
/// <param name="Json">Whether a listing is wanted as JSON.</param>
/// <param name="Cancel">Gives up: Ctrl-C or SIGTERM.</param>
internal sealed record Verb(
    ParseResult Arguments, Lazy<AwsClient> Service, Screen Screen, bool Json, CancellationToken Cancel)
{
    /// <summary>The service.</summary>
    /// <exception cref="CliException">Nobody said where it is, or as whom to call.</exception>
    public AwsClient Client => Service.Value;
}
