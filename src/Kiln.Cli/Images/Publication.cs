using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;
using Kiln.Cli.Snapshots;

namespace Kiln.Cli.Images;

/// <summary>Puts a starter image into the service: a public image of the account kiln, and the parameter that names it.
/// </summary>
/// <remarks>
/// The operator gets a session of that account, and everything else is done by AWS's own operations. What is there
/// already is not put there again; of older ones the newest is kept beside the new one.
/// </remarks>
internal sealed class Publication(AwsClient operatorClient, Screen screen, TimeProvider time)
{
    private const string DigestTag = "kiln:digest", RecipeTag = "kiln:recipe", VersionTag = "kiln:version";

    /// <summary>Versions of an image that stay registered.</summary>
    private const int VersionsMax = 2;

    /// <summary>Publishes a raw disk in Regions.</summary>
    /// <returns>The image's id by Region.</returns>
    /// <exception cref="CallException">The service refused: only the operator may.</exception>
    public async Task<IReadOnlyList<(string Region, string ImageId)>> Publish(
        Recipe recipe, string architecture, string disk, IReadOnlyList<string> regions, CancellationToken cancel)
    {
        var session = await operatorClient.Kiln("GetPublisherSession", [], cancel);
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
            made.Add((region, await Publish(client, recipe, architecture, image, digest, cancel)));
        }
        return made;
    }

    private async Task<string> Publish(
        AwsClient client, Recipe recipe, string architecture, RawImage image, string digest, CancellationToken cancel)
    {
        var region = client.Connection.Region;
        var images = await Existing(client, recipe, architecture, cancel);
        var id = images.Find(i => i.Digest == digest)?.Id;
        if (id is null)
        {
            var registration = recipe.Registration(architecture, Name(recipe, architecture, images),
            [
                (DigestTag, digest), (RecipeTag, recipe.Name), (VersionTag, architecture),
                ("Name", $"{recipe.Family} ({architecture})"),
            ]);
            var snapshot = await new Uploader(client, screen, time).Upload(
                image, new UploadRequest { Description = registration.Description }, cancel);
            id = await registration.Register(client, snapshot, cancel);
            await client.Ec2("ModifySnapshotAttribute", [("SnapshotId", snapshot),
                ("CreateVolumePermission.Add.1.Group", "all")], cancel);
            await client.Ec2("ModifyImageAttribute", [("ImageId", id), ("LaunchPermission.Add.1.Group", "all")],
                cancel);
            screen.Say($"{recipe.Name}: {id} in {region}, {registration.Name}, for everybody");
            foreach (var old in images.Skip(VersionsMax - 1))
                await Remove(client, old, cancel);
        }
        else
        {
            screen.Say($"{recipe.Name}: {id} in {region} has these bytes already");
        }
        await PutParameter(client, recipe.Parameter(architecture), id, cancel);
        return id;
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
                    i.Descendants("snapshotId").FirstOrDefault()?.Value))
                .OrderByDescending(i => i.CreationDate, StringComparer.Ordinal),
        ];
    }

    private static async Task Remove(AwsClient client, Published image, CancellationToken cancel)
    {
        await client.Ec2("DeregisterImage", [("ImageId", image.Id)], cancel);
        if (image.SnapshotId is { } snapshot)
            await client.Ec2("DeleteSnapshot", [("SnapshotId", snapshot)], cancel);
    }

    private static async Task PutParameter(AwsClient client, string name, string imageId, CancellationToken cancel)
    {
        using var answer = await client.Send(new CallMessage("ssm", HttpMethod.Post, "/")
        {
            Body = Encoding.UTF8.GetBytes(new JsonObject
            {
                ["Name"] = name, ["Value"] = imageId, ["Type"] = "String", ["DataType"] = "aws:ec2:image",
                ["Overwrite"] = true,
            }.ToJsonString()),
            ContentType = "application/x-amz-json-1.1",
            Headers = [new("x-amz-target", "AmazonSSM.PutParameter")],
        }, cancel);
    }

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

    private sealed record Published(string Id, string Name, string CreationDate, string? Digest, string? SnapshotId);
}
