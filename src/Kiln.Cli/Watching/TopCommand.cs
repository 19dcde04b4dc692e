using System.CommandLine;
using System.Globalization;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Kiln.Cli.Watching;

/// <summary><c>kiln top</c>: what a service does just now, from its <c>/metrics</c> alone.</summary>
internal static class TopCommand
{
    /// <summary>The verb.</summary>
    public static Command Make()
    {
        var once = new Option<bool>("--once") { Description = "Print one picture and end." };
        var interval = new Option<double>("--interval")
        {
            Description = "Seconds between two pictures (1).", DefaultValueFactory = _ => 1,
        };
        var endpoint = new Option<string>("--endpoint-url")
        {
            Description = $"The service's address (AWS_ENDPOINT_URL; {Connection.DefaultEndpoint}).",
        };
        var noColor = new Option<bool>("--no-color") { Description = "No colours (NO_COLOR)." };
        var command = new Command("top", "Show what the service does just now: rates, latencies, upkeep.")
        {
            once, interval, endpoint, noColor,
        };
        command.SetAction((parsed, cancel) =>
        {
            var screen = Screen.OfProcess(parsed.GetValue(noColor));
            return Failures.Guard(screen, stop => Run(
                screen, Address(parsed.GetValue(endpoint)), Every(parsed.GetValue(interval)),
                parsed.GetValue(once) || Console.IsOutputRedirected, stop), cancel);
        });
        return command;
    }

    private static Uri Address(string? given)
    {
        var address = given ?? (Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL") is { Length: > 0 } set
            ? set : Connection.DefaultEndpoint);
        return Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new CliException($"'{address}' is not an address such as {Connection.DefaultEndpoint}.",
                ExitCodes.Usage);
    }

    private static TimeSpan Every(double seconds) => seconds is >= 0.1 and <= 3600
        ? TimeSpan.FromSeconds(seconds)
        : throw new CliException("--interval: between 0.1 and 3600 seconds.", ExitCodes.Usage);

    private static async Task<int> Run(Screen screen, Uri address, TimeSpan every, bool once, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = TimeSpan.FromSeconds(10),
        };
        var first = await Scrape(http, address, cancel);
        if (once)
        {
            await Task.Delay(every, TimeProvider.System, cancel);
            foreach (var line in TopFrame.Draw(await Scrape(http, address, cancel), first, Title(address)))
                screen.Line(line.Text);
            return ExitCodes.Done;
        }
        try
        {
            await screen.Output.Live(Picture(TopFrame.Draw(first, null, Title(address)))).StartAsync(async live =>
            {
                while (true)
                {
                    await Task.Delay(every, TimeProvider.System, cancel);
                    var next = await Scrape(http, address, cancel);
                    live.UpdateTarget(Picture(TopFrame.Draw(next, first, Title(address))));
                    first = next;
                }
            });
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Ctrl-C is how one leaves.
        }
        return ExitCodes.Done;
    }

    private static string Title(Uri address) => string.Create(
        CultureInfo.InvariantCulture, $"kiln top  {address.GetLeftPart(UriPartial.Authority)}  ")
        + TimeProvider.System.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static IRenderable Picture(IEnumerable<TopLine> lines) => new Rows(lines.Select(line => new Text(
        line.Text.Length == 0 ? " " : line.Text, line.Style switch
        {
            TopStyle.Heading => new Style(decoration: Decoration.Bold),
            TopStyle.Alarm => new Style(Color.Red),
            _ => Style.Plain,
        })));

    private static async Task<MetricSample> Scrape(HttpClient http, Uri address, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(address, "/metrics"), cancel);
            var text = await answer.Content.ReadAsStringAsync(cancel);
            if (!answer.IsSuccessStatusCode)
                throw new CliException($"{address} does not show its metrics: {text.Trim()}", ExitCodes.Refused);
            return MetricSample.Parse(
                text, TimeProvider.System.GetTimestamp() / (double)TimeProvider.System.TimestampFrequency);
        }
        catch (FormatException strange)
        {
            throw new CliException($"{address} answers no metrics: {strange.Message}", ExitCodes.Failed);
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException
            && !cancel.IsCancellationRequested)
        {
            throw new CliException(
                $"Nobody answers at {address}: {failure.Message} Start Kiln with ./start.sh, or export "
                + "AWS_ENDPOINT_URL=http://ADDRESS:PORT where it listens.", ExitCodes.Unreachable);
        }
    }
}
