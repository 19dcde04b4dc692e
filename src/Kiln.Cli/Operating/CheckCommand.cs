using System.CommandLine;
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
        var json = new Option<bool>("--json") { Description = "Print a report for machines." };
        var only = new Option<string>("--only-region") { Description = "Check one Region; all of them without it." };
        var command = new Command("check", "Verify the stores: every manifest reachable, every block there (operator).")
        {
            readData, json, only,
        };
        return ConnectionOptions.Verb(command, lists: false, verb => Run(
            verb, verb.Arguments.GetValue(readData), verb.Arguments.GetValue(json), verb.Arguments.GetValue(only)));
    }

    private static async Task<int> Run(Verb verb, bool readData, bool json, string? only)
    {
        var regions = only is not null ? [only] : await Regions(verb);
        var report = new JsonArray();
        var problems = 0;
        foreach (var region in regions)
        {
            var result = await Check(verb, region, readData);
            var found = result["Problems"]!.AsArray();
            problems += found.Count;
            if (!json)
                Print(verb.Screen, region, result, found);
            report.Add(result);
        }
        if (json)
            verb.Screen.Json(new JsonObject { ["Ok"] = problems == 0, ["Regions"] = report });
        else if (problems == 0)
            verb.Screen.Line("All is there.");
        else
            verb.Screen.Line($"{problems} problems. See docs/operating/backup.md for what to do.");
        return problems == 0 ? ExitCodes.Done : ExitCodes.Damaged;
    }

    private static async Task<List<string>> Regions(Verb verb)
    {
        var answer = await verb.Client.Kiln("ListRegions", [], verb.Cancel);
        return [.. answer["Regions"]!.AsArray().Select(r => (string)r!)];
    }

    private static async Task<JsonObject> Check(Verb verb, string region, bool readData)
    {
        long resources = 0, blocks = 0, bytes = 0;
        var problems = new JsonArray();
        string? token = null;
        do
        {
            var request = new JsonObject { ["Region"] = region, ["ReadData"] = readData };
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
                verb.Screen.Say($"{region}: {resources} resources, {blocks} blocks so far, {Sizes.Bytes(bytes)} read");
        }
        while (token is not null);
        return new JsonObject
        {
            ["Region"] = region, ["Resources"] = resources, ["Blocks"] = blocks, ["BytesRead"] = bytes,
            ["Problems"] = problems,
        };
    }

    private static void Print(Screen screen, string region, JsonObject result, JsonArray problems)
    {
        if ((long)result["Resources"]! > 0 || problems.Count > 0)
        {
            screen.Line($"{region}: {result["Resources"]} snapshots and volumes, {result["Blocks"]} blocks, "
                + $"{Sizes.Bytes((long)result["BytesRead"]!)} read, {problems.Count} problems");
        }
        foreach (var problem in problems)
            screen.Line($"  {problem!["ResourceId"]}: {problem["Kind"]}: {problem["Message"]}");
    }
}
