using System.Text.Json.Nodes;

namespace Kiln.Cli.Operating;

/// <summary>The Regions that a verb about stores goes through.</summary>
internal static class StoreRegions
{
    /// <summary>The enabled Regions.</summary>
    public static async Task<IReadOnlyList<string>> Enabled(Verb verb)
    {
        var answer = await verb.Client.Kiln("ListRegions", [], verb.Cancel);
        return [.. answer["Regions"]!.AsArray().Select(r => (string)r!)];
    }

    /// <summary>Those of them that have a store on the node that answers.</summary>
    public static async Task<IReadOnlyList<string>> Present(Verb verb)
    {
        var present = new List<string>();
        foreach (var region in await Enabled(verb))
        {
            if ((await Upkeep(verb, region))["CollectionStage"] is not null)
                present.Add(region);
        }
        return present;
    }

    /// <summary>How a Region's store is looked after.</summary>
    public static Task<JsonNode> Upkeep(Verb verb, string region) =>
        verb.Client.Kiln("DescribeUpkeep", new JsonObject { ["Region"] = region }, verb.Cancel);
}
