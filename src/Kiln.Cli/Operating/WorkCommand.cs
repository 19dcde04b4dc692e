using System.CommandLine;
using System.Text.Json.Nodes;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln work list</c>: what the service has still to do.</summary>
internal static class WorkCommand
{
    /// <summary>The verb.</summary>
    public static Command Make()
    {
        var kind = new Option<string>("--kind") { Description = "Only work of this kind, e.g. image." };
        var list = new Command("list", "List jobs, retries, timers and schedules, the soonest first.") { kind };
        return new Command("work", "Show what the service has still to do (operator).")
        {
            ConnectionOptions.Verb(list, lists: true, verb => List(verb, verb.Arguments.GetValue(kind))),
        };
    }

    private static async Task<int> List(Verb verb, string? kind)
    {
        var answer = await verb.Client.Kiln(
            "ListWork", kind is null ? [] : new JsonObject { ["Kind"] = kind }, verb.Cancel);
        if (verb.Json)
        {
            verb.Screen.Json(answer);
            return ExitCodes.Done;
        }
        var rows = answer["Work"]!.AsArray();
        verb.Screen.Table(["KIND", "RESOURCE", "STATE", "DUE", "TRIES", "LAST ERROR"], rows.Select(w => new[]
        {
            (string)w!["Kind"]!, (string)w["ResourceId"]!, (string)w["State"]!, Times.Text(w["DueAt"]),
            w["Attempts"]!.ToString(), (string?)w["LastError"] ?? "",
        }));
        if ((int)answer["Total"]! > rows.Count)
            verb.Screen.Say($"{rows.Count} of {answer["Total"]} shown.");
        return ExitCodes.Done;
    }
}
