using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln clock show|advance</c>: the domain clock.</summary>
internal static class ClockCommand
{
    /// <summary>The verb.</summary>
    public static Command Make() => new("clock", "Show the service's clock, or move it (development).")
    {
        Show(), Advance(),
    };

    private static Command Show() => ConnectionOptions.Verb(
        new Command("show", "Show what time it is for the service."), lists: true,
        async verb => Print(verb, await verb.Client.Kiln("GetClock", [], verb.Cancel)));

    private static Command Advance()
    {
        var by = new Argument<string>("SPAN") { Description = "How far: 90d, 36h, 15m, 30s or 2w." };
        var command = new Command("advance", "Move the clock forward: deprecations, retention and timeouts come due.")
        {
            by,
        };
        return ConnectionOptions.Verb(command, lists: true, async verb =>
        {
            var text = verb.Arguments.GetValue(by)!;
            if (!Times.TryParseSpan(text, out var seconds))
                throw new CliException($"'{text}' is not a span such as 90d, 36h, 15m, 30s or 2w.", ExitCodes.Usage);
            // Sent twice it would move the clock twice.
            var answer = await verb.Client.Kiln(
                "AdvanceClock", new JsonObject { ["Seconds"] = seconds }, verb.Cancel, patient: false);
            return Print(verb, answer);
        });
    }

    private static int Print(Verb verb, JsonNode clock)
    {
        if (verb.Json)
            verb.Screen.Json(clock);
        else
        {
            var ahead = TimeSpan.FromSeconds((long)clock["OffsetSeconds"]!);
            verb.Screen.Line(string.Create(CultureInfo.InvariantCulture,
                $"{Times.Text(clock["Now"])}, {ahead.TotalDays:0.##} days ahead of the wall clock"));
        }
        return ExitCodes.Done;
    }
}
