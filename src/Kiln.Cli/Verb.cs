using System.CommandLine;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli;

/// <summary>A verb under way.</summary>
/// <param name="Arguments">The command line.</param>
/// <param name="Client">The service.</param>
/// <param name="Screen">Where to print.</param>
/// <param name="Json">Whether a listing is wanted as JSON.</param>
/// <param name="Cancel">Gives up: Ctrl-C or SIGTERM.</param>
internal sealed record Verb(
    ParseResult Arguments, AwsClient Client, Screen Screen, bool Json, CancellationToken Cancel);
