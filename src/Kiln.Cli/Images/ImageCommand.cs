using System.CommandLine;
using System.Text.Json.Nodes;

namespace Kiln.Cli.Images;

/// <summary><c>kiln image build</c>: starter images.</summary>
internal static class ImageCommand
{
    /// <summary>The verb.</summary>
    public static Command Make()
    {
        var build = new Command("build", "Make a starter image of Debian's packages; needs no root.");
        foreach (var recipe in Recipe.All)
            build.Add(Build(recipe));
        return new Command("image", "Make starter images.") { build };
    }

    private static Command Build(Recipe recipe)
    {
        var output = new Option<string>("--output") { Description =
            "Write the raw disk to this file, and do not publish it unless --publish is given too." };
        var publish = new Option<bool>("--publish") { Description =
            "Register it as a public image of the account kiln (operator); the default without --output." };
        var regions = new Option<string>("--regions") { Description =
            "Regions to publish it in, separated by commas, or 'all' (the Region of the connection)." };
        var cache = new Option<string>("--cache") { Description =
            "The folder where packages are kept for the next time (~/.cache/kiln)." };
        var architecture = new Option<string>("--architecture")
        {
            Description = $"{string.Join(" or ", recipe.Architectures)} ({recipe.Architectures[0]}).",
            DefaultValueFactory = _ => recipe.Architectures[0],
        };
        architecture.AcceptOnlyFromAmong([.. recipe.Architectures]);
        var command = new Command(recipe.Name, recipe.Summary) { output, publish, regions, cache, architecture };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var arguments = verb.Arguments;
            var wanted = arguments.GetValue(output);
            var publishes = wanted is null || arguments.GetValue(publish);
            if (!publishes && arguments.GetValue(regions) is not null)
                throw new CliException("--regions needs --publish beside --output.", ExitCodes.Usage);
            // Asked first, so that nothing is built that then cannot be published.
            var places = publishes ? await Regions(verb, arguments.GetValue(regions)) : [];
            using var folder = wanted is null ? new TemporaryFolder() : null;
            var file = wanted ?? Path.Combine(folder!.Path, recipe.Name + ".raw");
            var debian = arguments.GetValue(architecture)!;
            await new RecipeRun(verb.Screen).Make(recipe, debian, file,
                arguments.GetValue(cache) ?? RecipeRun.CacheFolder(Environment.GetEnvironmentVariable), verb.Cancel);
            if (wanted is not null)
                verb.Screen.Line(file);
            if (!publishes)
                return ExitCodes.Done;
            var made = await new Publication(verb.Client, verb.Screen, TimeProvider.System)
                .Publish(recipe, debian, file, places, verb.Cancel);
            foreach (var (region, id) in made)
                verb.Screen.Line(made.Count == 1 ? id : $"{region} {id}");
            return ExitCodes.Done;
        });
    }

    private static async Task<IReadOnlyList<string>> Regions(Verb verb, string? text)
    {
        if (text is null)
            return [verb.Client.Connection.Region];
        if (text != "all")
            return text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var answer = await verb.Client.Kiln("ListRegions", new JsonObject(), verb.Cancel);
        return [.. answer["Regions"]!.AsArray().Select(r => (string)r!)];
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("kiln-image-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
