using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli.Images;

/// <summary>A starter image for a service that has none yet.</summary>
public static class Starter
{
    /// <summary>Builds and publishes a recipe's image in the connection's Region, unless it is there.</summary>
    /// <exception cref="CliException">It cannot be built here.</exception>
    /// <exception cref="CallException">The service refused.</exception>
    public static async Task Make(Recipe recipe, Connection connection, Screen screen, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        using var client = new AwsClient(connection);
        var architecture = recipe.Architectures[0];
        if (await Publication.Parameter(client, recipe.Parameter(architecture), cancel) is not null)
            return;
        screen.Say($"Making the starter image '{recipe.Name}' in the background.");
        var folder = Directory.CreateTempSubdirectory("kiln-starter-").FullName;
        try
        {
            var disk = Path.Combine(folder, recipe.Name + ".raw");
            await new RecipeRun(screen).Make(
                recipe, architecture, disk, RecipeRun.CacheFolder(Environment.GetEnvironmentVariable), cancel);
            await new Publication(client, screen, TimeProvider.System)
                .Publish(recipe, architecture, disk, [connection.Region], cancel);
            screen.Say("To boot it: aws ec2 run-instances --instance-type t3.micro "
                + $"--image-id resolve:ssm:{recipe.Parameter(architecture)}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
