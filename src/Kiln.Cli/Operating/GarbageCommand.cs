using System.CommandLine;
using System.Text.Json.Nodes;
using Kiln.Cli.Output;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln gc</c>: frees what nothing needs any more, or says what would be freed.</summary>
internal static class GarbageCommand
{
    // A pass reads the maps of everything; asking more often would only keep the service busy.
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(200);

    /// <summary>The verb.</summary>
    public static Command Make()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be freed, and change nothing." };
        var json = new Option<bool>("--json") { Description = "Print a report for machines." };
        var command = new Command(
            "gc", "Collect what nothing needs any more, in all Regions or in that of --region (operator).")
        {
            dryRun, json,
        };
        return ConnectionOptions.Verb(command, lists: false, verb => Run(
            verb, verb.Arguments.GetValue<string>("--region"), verb.Arguments.GetValue(dryRun),
            verb.Arguments.GetValue(json)));
    }

    private static async Task<int> Run(Verb verb, string? only, bool dryRun, bool json)
    {
        var reports = new JsonArray();
        foreach (var region in only is not null ? [only] : await StoreRegions.Present(verb))
        {
            var report = await Collect(verb, region, dryRun);
            report["Region"] = region;
            reports.Add(report);
        }
        if (json)
        {
            verb.Screen.Json(new JsonObject { ["DryRun"] = dryRun, ["Regions"] = reports });
            return ExitCodes.Done;
        }
        verb.Screen.Table(
            ["REGION", "LIVE", "BYTES", "DEAD", "BYTES", dryRun ? "WOULD FREE" : "FREED", "THIN", "TRASH", "PURGE AT"],
            reports.Select(r => new[]
            {
                (string)r!["Region"]!, r["LiveRecords"]!.ToString(), Size(r["LiveBytes"]), r["DeadRecords"]!.ToString(),
                Size(r["DeadBytes"]), Size(r["FreedBytes"]), r["ThinSegments"]!.ToString(), Size(r["TrashBytes"]),
                Times.Text(r["PurgeAt"]),
            }));
        foreach (var report in reports)
            Explain(verb.Screen, report!);
        return ExitCodes.Done;
    }

    private static async Task<JsonNode> Collect(Verb verb, string region, bool dryRun)
    {
        var request = new JsonObject { ["Region"] = region, ["Preview"] = dryRun };
        var answer = await verb.Client.Kiln("CollectGarbage", request, verb.Cancel);
        var stage = "";
        while (answer["Report"] is null)
        {
            if ((string)answer["Stage"]! is var now && now != stage && now != "Idle")
                verb.Screen.Say($"{region}: {stage = now}");
            await Task.Delay(AskEvery, TimeProvider.System, verb.Cancel);
            request["Ticket"] = (long)answer["Ticket"]!;
            answer = await verb.Client.Kiln("CollectGarbage", request, verb.Cancel);
        }
        return answer["Report"]!.DeepClone();
    }

    private static void Explain(Screen screen, JsonNode report)
    {
        var region = (string)report["Region"]!;
        if ((string?)report["Refused"] is { } reason)
            screen.Line($"{region}: nothing was collected: {reason} Run kiln check --read-data --repair.");
        if ((int)report["YoungManifests"]! is > 0 and var young)
            screen.Line($"{region}: {young} maps are too young to go before {Times.Text(report["YoungUntil"])}.");
        if ((long)report["MissingRecords"]! is > 0 and var missing)
            screen.Line($"{region}: {missing} blocks are needed and not there. Run kiln check --read-data --repair.");
    }

    private static string Size(JsonNode? bytes) => Sizes.Bytes((long)bytes!);
}
