using System.CommandLine;
using System.Text.Json.Nodes;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli.Tours;

/// <summary><c>kiln tour</c>: an image's whole life, against a running service or one of its own.</summary>
internal static class TourCommand
{
    /// <summary>Account and secret of the embedded service's roots: it is a development service on loopback.</summary>
    private const string OwnerId = "111122223333", FriendId = "444455556666", Secret = "test";

    /// <summary>The verb.</summary>
    public static Command Make(Func<CancellationToken, Task<EmbeddedKiln>> embed)
    {
        var file = new Option<string>("--image") { Description =
            "A raw disk image to upload; a small made one without it." };
        var endpoint = new Option<string>("--endpoint-url")
        {
            Description = "A running service (AWS_ENDPOINT_URL); without any the tour starts one of its own.",
        };
        var region = new Option<string>("--region") { Description = "The first Region (AWS_REGION; us-east-1)." };
        var second = new Option<string>("--second-region")
        {
            Description = "The Region to copy to.",
            DefaultValueFactory = _ => "eu-west-1",
        };
        var profile = new Option<string>("--profile") { Description = "The AWS profile (AWS_PROFILE)." };
        var noColor = new Option<bool>("--no-color") { Description = "No colours (NO_COLOR)." };
        var command = new Command("tour", "Play an image's whole life, step by step, with what it costs.")
        {
            file, endpoint, region, second, profile, noColor,
        };
        command.SetAction((parsed, cancel) =>
        {
            var screen = Screen.OfProcess(parsed.GetValue(noColor));
            return Failures.Guard(screen, async stop =>
            {
                var address = parsed.GetValue(endpoint) ?? Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL");
                if (!string.IsNullOrEmpty(address))
                {
                    var connection = Connection.Find(Environment.GetEnvironmentVariable,
                        parsed.GetValue(region) ?? Environment.GetEnvironmentVariable("AWS_REGION")
                            ?? Environment.GetEnvironmentVariable("AWS_DEFAULT_REGION") ?? "us-east-1",
                        parsed.GetValue(profile), address);
                    return await Visit(screen, connection, parsed.GetValue(second)!, parsed.GetValue(file), stop);
                }
                screen.Line("No AWS_ENDPOINT_URL: starting a service for this tour, with data of its own.");
                await using var service = await embed(stop);
                var own = new Connection(service.Endpoint, parsed.GetValue(region) ?? "us-east-1", OwnerId, Secret);
                return await Play(screen, own, own with { AccessKeyId = FriendId }, FriendId,
                    parsed.GetValue(second)!, parsed.GetValue(file), stop);
            }, cancel);
        });
        return command;
    }

    /// <summary>At a running service the second account has to be made.</summary>
    private static async Task<int> Visit(
        Screen screen, Connection connection, string second, string? file, CancellationToken cancel)
    {
        using var client = new AwsClient(connection);
        var made = await client.Kiln("CreateAccount", new JsonObject { ["Name"] = "kiln tour" }, cancel,
            patient: false);
        var friend = connection with
        {
            AccessKeyId = (string)made["AccessKeyId"]!,
            SecretKey = (string)made["SecretAccessKey"]!,
            SessionToken = null,
        };
        return await Play(screen, connection, friend, (string)made["AccountId"]!, second, file, cancel);
    }

    private static async Task<int> Play(
        Screen screen, Connection owner, Connection friend, string friendId, string second, string? file,
        CancellationToken cancel)
    {
        using var client = new AwsClient(owner);
        using var scene = new TourScene(
            screen, client, new AwsClient(friend), new AwsClient(owner with { Region = second }));
        await new Tour(scene, cancel).With(friendId).Play(file);
        return ExitCodes.Done;
    }
}
