using System.CommandLine;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli;

/// <summary>The options that every verb has which calls the service, and what is made of them.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<string> _region = new("--region") { Description = "The Region to call (AWS_REGION)." };
    private readonly Option<string> _profile = new("--profile") { Description = "The AWS profile (AWS_PROFILE)." };

    private readonly Option<string> _endpoint = new("--endpoint-url")
    {
        Description = $"The service's address (AWS_ENDPOINT_URL; {Connection.DefaultEndpoint}).",
    };

    private readonly Option<bool> _noColor = new("--no-color") { Description = "No colours (NO_COLOR)." };

    private readonly Option<string> _output = new("--output")
    {
        Description = "table or json.",
        DefaultValueFactory = _ => "table",
    };

    /// <summary>Adds the options to a verb.</summary>
    /// <param name="command">The verb.</param>
    /// <param name="lists">Whether it prints a listing, as a table or as JSON.</param>
    /// <param name="body">What it does; an exception of ours becomes a sentence and an exit code.</param>
    public static Command Verb(Command command, bool lists, Func<Verb, Task<int>> body)
    {
        var options = new ConnectionOptions();
        command.Add(options._region);
        command.Add(options._profile);
        command.Add(options._endpoint);
        command.Add(options._noColor);
        if (lists)
        {
            options._output.AcceptOnlyFromAmong("table", "json");
            command.Add(options._output);
        }
        command.SetAction((parsed, cancel) => options.Run(parsed, lists, body, cancel));
        return command;
    }

    private async Task<int> Run(ParseResult parsed, bool lists, Func<Verb, Task<int>> body, CancellationToken cancel)
    {
        var screen = Screen.OfProcess(parsed.GetValue(_noColor));
        return await Failures.Guard(screen, async stop =>
        {
            var client = new Lazy<AwsClient>(() => new AwsClient(Connection.Find(
                Environment.GetEnvironmentVariable, parsed.GetValue(_region), parsed.GetValue(_profile),
                parsed.GetValue(_endpoint))));
            try
            {
                return await body(new Verb(parsed, client, screen, lists && parsed.GetValue(_output) == "json", stop));
            }
            finally
            {
                if (client.IsValueCreated)
                    client.Value.Dispose();
            }
        }, cancel);
    }
}
