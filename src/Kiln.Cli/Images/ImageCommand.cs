using System.CommandLine;

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
        var output = new Option<string>("--output") { Description = "Write the raw disk to this file." };
        var cache = new Option<string>("--cache") { Description =
            "The folder where packages are kept for the next time (~/.cache/kiln)." };
        var architecture = new Option<string>("--architecture")
        {
            Description = $"{string.Join(" or ", recipe.Architectures)} ({recipe.Architectures[0]}).",
            DefaultValueFactory = _ => recipe.Architectures[0],
        };
        architecture.AcceptOnlyFromAmong([.. recipe.Architectures]);
        var command = new Command(recipe.Name, recipe.Summary) { output, cache, architecture };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var file = verb.Arguments.GetValue(output)
                ?? throw new CliException("Give --output FILE.", ExitCodes.Usage);
            await new RecipeRun(verb.Screen).Make(recipe, verb.Arguments.GetValue(architecture)!, file,
                verb.Arguments.GetValue(cache) ?? RecipeRun.CacheFolder(Environment.GetEnvironmentVariable),
                verb.Cancel);
            verb.Screen.Line(file);
            return ExitCodes.Done;
        });
    }
}
