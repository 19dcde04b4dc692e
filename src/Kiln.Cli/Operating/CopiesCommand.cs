using System.CommandLine;
using System.Text.Json.Nodes;
using Kiln.Cli.Output;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln copies list|limit</c>: copies of snapshots under way, and how fast they may go.</summary>
internal static class CopiesCommand
{
    /// <summary>The verb.</summary>
    public static Command Make() => new(
        "copies", "Show copies of snapshots under way, or change their speed (operator).")
    {
        List(), Limit(),
    };

    private static Command List() => ConnectionOptions.Verb(
        new Command("list", "List copies under way: how far, how fast, how long."), lists: true, async verb =>
        {
            var answer = await verb.Client.Kiln("ListCopies", [], verb.Cancel);
            if (verb.Json)
            {
                verb.Screen.Json(answer);
                return ExitCodes.Done;
            }
            var rows = answer["Copies"]!.AsArray();
            verb.Screen.Table(["COPY", "FROM", "TO", "DONE", "MOVED", "RATE", "LEFT"], rows.Select(c => new[]
            {
                (string)c!["SnapshotId"]!, (string)c["SourceRegion"]!, (string)c["Region"]!,
                (string)c["State"]! == "waiting" ? "waits" : $"{c["Percent"]}%",
                Sizes.Bytes((double)c["BytesMoved"]!), $"{Sizes.Bytes((double)c["BytesPerSecond"]!)}/s",
                c["SecondsLeft"] is { } left ? Sizes.Time(TimeSpan.FromSeconds((double)left)) : "",
            }));
            if ((int)answer["Total"]! > rows.Count)
                verb.Screen.Say($"{rows.Count} of {answer["Total"]} shown.");
            return ExitCodes.Done;
        });

    private static Command Limit()
    {
        var each = new Option<int?>("--each") { Description = "MiB/s of one copy between Regions; 0 for no limit." };
        var pair = new Option<int?>("--pair")
        {
            Description = "MiB/s of all copies from one Region to another; 0 for no limit.",
        };
        var command = new Command("limit", "Change the speed of copies, also of those under way, until a restart.")
        {
            each, pair,
        };
        return ConnectionOptions.Verb(command, lists: true, async verb =>
        {
            var wanted = new JsonObject();
            if (verb.Arguments.GetValue(each) is { } one)
                wanted["EachMiBPerSecond"] = one;
            if (verb.Arguments.GetValue(pair) is { } all)
                wanted["PairMiBPerSecond"] = all;
            var answer = await verb.Client.Kiln("SetCopyLimits", wanted, verb.Cancel);
            if (verb.Json)
                verb.Screen.Json(answer);
            else
                verb.Screen.Line($"each {Text(answer["EachMiBPerSecond"])}, a pair of Regions "
                    + Text(answer["PairMiBPerSecond"]));
            return ExitCodes.Done;
        });
    }

    private static string Text(JsonNode? rate) => (int)rate! == 0 ? "without a limit" : $"{rate} MiB/s";
}
