using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Kiln.Cli.Output;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln check</c>: whether the stores hold what the rows promise.</summary>
internal static class CheckCommand
{
    /// <summary>The verb.</summary>
    public static Command Make()
    {
        var readData = new Option<bool>("--read-data") { Description = "Read and verify every block." };
        var repair = new Option<bool>("--repair")
        {
            Description = "Put an intact copy in the place of what is hurt, where there is one.",
        };
        var json = new Option<string?>("--json")
        {
            Description = "Write a report for machines to a file, or print it.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var only = new Option<string>("--only-region") { Description = "Check one Region; all of them without it." };
        var command = new Command("check", "Verify the stores: every manifest reachable, every block there (operator).")
        {
            readData, repair, json, only,
        };
        return ConnectionOptions.Verb(command, lists: false, verb => Run(
            verb, verb.Arguments.GetValue(readData), verb.Arguments.GetValue(repair),
            verb.Arguments.GetResult(json) is null ? null : verb.Arguments.GetValue(json) ?? "-",
            verb.Arguments.GetValue(only)));
    }

    private static async Task<int> Run(Verb verb, bool readData, bool repair, string? json, string? only)
    {
        var began = TimeProvider.System.GetTimestamp();
        var report = new JsonArray();
        foreach (var region in only is not null ? [only] : await StoreRegions.Enabled(verb))
        {
            var result = await Check(verb, region, readData, repair);
            result["Upkeep"] = (await StoreRegions.Upkeep(verb, region)).DeepClone();
            if (json != "-")
                Print(verb.Screen, region, result);
            report.Add(result);
        }
        var hurt = report.Sum(r => r!["Problems"]!.AsArray().Count(p => !(bool)p!["IsRepaired"]!));
        var document = new JsonObject
        {
            ["Ok"] = hurt == 0, ["ReadData"] = readData,
            ["CheckedAt"] = TimeProvider.System.GetUtcNow().ToString(
                "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            ["Regions"] = report,
        };
        if (json == "-")
            verb.Screen.Json(document);
        else if (json is not null)
            await File.WriteAllTextAsync(json, document.ToJsonString(Screen.Indented) + "\n", verb.Cancel);
        if (json != "-")
            Sum(verb.Screen, report, readData, hurt, TimeProvider.System.GetElapsedTime(began));
        return hurt == 0 ? ExitCodes.Done : ExitCodes.Damaged;
    }

    private static async Task<JsonObject> Check(Verb verb, string region, bool readData, bool repair)
    {
        long resources = 0, blocks = 0, bytes = 0;
        var problems = new JsonArray();
        string? token = null;
        do
        {
            var request = new JsonObject { ["Region"] = region, ["ReadData"] = readData, ["Repair"] = repair };
            if (token is not null)
                request["NextToken"] = token;
            var piece = await verb.Client.Kiln("CheckStores", request, verb.Cancel);
            resources += (long)piece["Resources"]!;
            blocks += (long)piece["Blocks"]!;
            bytes += (long)piece["BytesRead"]!;
            foreach (var problem in piece["Problems"]!.AsArray())
                problems.Add(problem!.DeepClone());
            token = (string?)piece["NextToken"];
            if (token is not null)
            {
                verb.Screen.Say(
                    $"{region}: {resources} of {piece["ResourcesTotal"]} snapshots and volumes, {blocks} blocks, "
                    + $"{Sizes.Bytes(bytes)} read, {problems.Count} problems so far");
            }
        }
        while (token is not null);
        return new JsonObject
        {
            ["Region"] = region, ["Resources"] = resources, ["Blocks"] = blocks, ["BytesRead"] = bytes,
            ["Problems"] = problems,
        };
    }

    private static void Print(Screen screen, string region, JsonObject result)
    {
        var problems = result["Problems"]!.AsArray();
        if ((long)result["Resources"]! > 0 || problems.Count > 0)
        {
            screen.Line($"{region}: {result["Resources"]} snapshots and volumes, {result["Blocks"]} blocks, "
                + $"{Sizes.Bytes((long)result["BytesRead"]!)} read, {problems.Count} problems");
        }
        foreach (var problem in problems)
        {
            var repaired = (bool)problem!["IsRepaired"]! ? " (repaired)" : "";
            screen.Line($"  {problem["ResourceId"]}: {problem["Kind"]}{repaired}: {problem["Message"]}");
        }
        var upkeep = result["Upkeep"]!;
        if (upkeep["CollectionStage"] is null)
            return;
        screen.Line(upkeep["ScrubbedAt"] is null ? "  not scrubbed yet"
            : $"  last full scrub {Times.Text(upkeep["ScrubbedAt"])}: {upkeep["ScrubProblems"]} problems, "
                + $"{upkeep["ScrubRepaired"]} repaired");
        if ((int)upkeep["Quarantined"]! is > 0 and var quarantined)
            screen.Line($"  {quarantined} damaged blocks have no second copy and are set aside");
        if ((long)upkeep["TrashReads"]! is > 0 and var alarms)
        {
            screen.Line(
                $"  ALARM: {alarms} files were needed after they had been collected (the service's log says which)");
        }
    }

    private static void Sum(Screen screen, JsonArray report, bool readData, int hurt, TimeSpan took)
    {
        long Of(string name) => report.Sum(r => (long)r![name]!);
        var repaired = report.Sum(r => r!["Problems"]!.AsArray().Count) - hurt;
        var what = readData ? "read and verified" : "looked up (not read; --read-data does)";
        screen.Line($"{Of("Blocks")} blocks of {Of("Resources")} snapshots and volumes were {what} "
            + $"in {Sizes.Time(took)}.");
        if (repaired > 0)
            screen.Line($"{repaired} problems were repaired from intact copies.");
        screen.Line(hurt == 0
            ? "All is there."
            : $"{hurt} problems. Damaged blocks are never served. See docs/operating/damage.md for what to do.");
    }
}
