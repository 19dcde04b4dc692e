using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;
using Kiln.Cli.Snapshots;

namespace Kiln.Cli.Images;

/// <summary>Puts a starter image into the service: a public image of the account kiln, and the parameter that names it.
/// </summary>
/// <remarks>
/// The operator gets a session of that account, and everything else is done by AWS's own operations. What is there
/// already is not put there again, and what a run that was killed has left undone is done: each step looks first. Of
/// older images the newest is kept beside the new one for a while, deprecated; those before it go with their snapshots.
/// </remarks>
public sealed class Publication(AwsClient operatorClient, Screen screen, TimeProvider time)
{
    private const string DigestTag = "kiln:digest", RecipeTag = "kiln:recipe", VersionTag = "kiln:version";

    /// <summary>Versions of an image that stay registered.</summary>
    private const int VersionsMax = 2;

    /// <summary>How long an image that was replaced is still found by everybody.</summary>
    private static readonly TimeSpan FoundFor = TimeSpan.FromDays(30);

    /// <summary>Publishes a raw disk in Regions.</summary>
    /// <returns>The image's id by Region.</returns>
    /// <exception cref="CallException">The service refused: only the operator may.</exception>
    public async Task<IReadOnlyList<(string Region, string ImageId)>> Publish(
        Recipe recipe, string architecture, string disk, IReadOnlyList<string> regions, CancellationToken cancel)
    {
        var session = await operatorClient.Kiln("GetPublisherSession", [], cancel);
        var now = DateTimeOffset.FromUnixTimeSeconds((long)(double)session["Time"]!);
        using var image = new RawImage(disk);
        var digest = Digest(image);
        var made = new List<(string, string)>();
        foreach (var region in regions)
        {
            using var client = new AwsClient(operatorClient.Connection with
            {
                Region = region,
                AccessKeyId = (string)session["AccessKeyId"]!,
                SecretKey = (string)session["SecretAccessKey"]!,
                SessionToken = (string)session["SessionToken"]!,
            }, time);
            made.Add((region, await Publish(client, recipe, architecture, image, digest, now, cancel)));
        }
        return made;
    }

    private async Task<string> Publish(
        AwsClient client, Recipe recipe, string architecture, RawImage image, string digest, DateTimeOffset now,
        CancellationToken cancel)
    {
        var region = client.Connection.Region;
        var images = await Existing(client, recipe, architecture, cancel);
        var made = images.Find(i => i.Digest == digest);
        if (made is null)
        {
            var registration = recipe.Registration(architecture, Name(recipe, architecture, images),
            [
                (DigestTag, digest), (RecipeTag, recipe.Name), (VersionTag, architecture),
                ("Name", $"{recipe.Family} ({architecture})"),
            ]);
            var snapshot = await new Uploader(client, screen, time).Upload(
                image, new UploadRequest { Description = registration.Description }, cancel);
            var id = await registration.Register(client, snapshot, cancel);
            images = await Existing(client, recipe, architecture, cancel);
            made = images.Find(i => i.Id == id) ?? throw new CliException($"The image {id} has gone.");
            screen.Say($"{recipe.Name}: {id} in {region}, {registration.Name}, for everybody");
        }
        else
        {
            screen.Say($"{recipe.Name}: {made.Id} in {region} has these bytes already");
        }
        await Share(client, made, cancel);
        if (await Parameter(client, recipe.Parameter(architecture), cancel) != made.Id)
            await PutParameter(client, recipe.Parameter(architecture), made.Id, cancel);
        await Retire(client, images, made, now + FoundFor, cancel);
        return made.Id;
    }

    private static async Task Share(AwsClient client, Published image, CancellationToken cancel)
    {
        if (image.SnapshotId is { } snapshot)
        {
            await client.Ec2("ModifySnapshotAttribute",
                [("SnapshotId", snapshot), ("CreateVolumePermission.Add.1.Group", "all")], cancel);
        }
        await client.Ec2("ModifyImageAttribute",
            [("ImageId", image.Id), ("LaunchPermission.Add.1.Group", "all")], cancel);
    }

    private static async Task Retire(
        AwsClient client, List<Published> images, Published made, DateTimeOffset foundUntil, CancellationToken cancel)
    {
        var others = images.Where(i => i.Id != made.Id).ToList();
        foreach (var old in others.Skip(VersionsMax - 1))
        {
            await client.Ec2(
                "DeregisterImage", [("ImageId", old.Id), ("DeleteAssociatedSnapshots", "true")], cancel);
        }
        // A public image has an end from its beginning, two years away; one that was set here stays.
        foreach (var old in others.Take(VersionsMax - 1).Where(i => i.DeprecatedAt is not { } at || at > foundUntil))
        {
            var at = foundUntil.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            await client.Ec2("EnableImageDeprecation", [("ImageId", old.Id), ("DeprecateAt", at)], cancel);
        }
    }

    /// <summary>The value of a parameter, or null.</summary>
    internal static async Task<string?> Parameter(AwsClient client, string name, CancellationToken cancel)
    {
        try
        {
            var answer = await client.Json("ssm", "AmazonSSM.GetParameter", new JsonObject { ["Name"] = name }, cancel);
            return (string?)answer["Parameter"]?["Value"];
        }
        catch (CallException absent) when (absent.Code == "ParameterNotFound")
        {
            return null;
        }
    }

    /// <summary>The images of a recipe, the newest first.</summary>
    private static async Task<List<Published>> Existing(
        AwsClient client, Recipe recipe, string architecture, CancellationToken cancel)
    {
        var answer = await client.Ec2("DescribeImages",
        [
            ("Owner.1", "self"), ("Filter.1.Name", $"tag:{RecipeTag}"), ("Filter.1.Value.1", recipe.Name),
            ("Filter.2.Name", $"tag:{VersionTag}"), ("Filter.2.Value.1", architecture),
        ], cancel);
        return
        [
            .. Registration.Items(answer).Select(i => new Published(i.Element("imageId")!.Value,
                    i.Element("name")!.Value, i.Element("creationDate")!.Value,
                    i.Element("tagSet")?.Elements("item").FirstOrDefault(t => t.Element("key")?.Value == DigestTag)?
                        .Element("value")?.Value,
                    i.Descendants("snapshotId").FirstOrDefault()?.Value,
                    i.Element("deprecationTime") is { } end
                        ? DateTimeOffset.Parse(end.Value, CultureInfo.InvariantCulture) : null))
                .OrderByDescending(i => i.CreationDate, StringComparer.Ordinal),
        ];
    }

    private static Task PutParameter(AwsClient client, string name, string imageId, CancellationToken cancel) =>
        client.Json("ssm", "AmazonSSM.PutParameter", new JsonObject
        {
            ["Name"] = name, ["Value"] = imageId, ["Type"] = "String", ["DataType"] = "aws:ec2:image",
            ["Overwrite"] = true,
        }, cancel);

    /// <summary>The day and a serial number, as vendors name their images: filters for the most recent one work by the
    /// creation date, and people read the name.</summary>
    private string Name(Recipe recipe, string architecture, List<Published> images)
    {
        var day = time.GetUtcNow().ToString("yyyyMMdd", CultureInfo.InvariantCulture);
        for (var serial = 1; ; serial++)
        {
            var name = string.Create(
                CultureInfo.InvariantCulture, $"{recipe.Family}-{architecture}-{day}-{serial:D4}");
            if (!images.Exists(i => i.Name == name))
                return name;
        }
    }

    private static string Digest(RawImage image)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[RawImage.BlockSize];
        foreach (var index in image.DataBlocks())
        {
            // The same disk has the same digest, whatever of its zeros are holes.
            if (!image.Read(index, block))
                continue;
            digest.AppendData(BitConverter.GetBytes(index));
            digest.AppendData(block);
        }
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private sealed record Published(string Id, string Name, string CreationDate, string? Digest, string? SnapshotId,
        DateTimeOffset? DeprecatedAt);
}
