using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli.Snapshots;

/// <summary>Makes a snapshot of a disk image through the EBS direct APIs.</summary>
/// <remarks>
/// Workers run a block from the file to the answer each, with one buffer and no queue between; zeros are not sent.
/// Each block's SHA-256 is computed once: it is the API's checksum and the signature's hash of the body.
/// </remarks>
public sealed class Uploader(AwsClient client, Screen screen, TimeProvider? time = null)
{
    /// <summary>How often the service is asked whether the snapshot is completed.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>The slowest pace of asking.</summary>
    private static readonly TimeSpan AskEveryMax = TimeSpan.FromSeconds(2);

    /// <summary>Blocks under way: enough to keep the service's cores busy while this side reads and hashes.</summary>
    private static readonly int Workers = Math.Clamp(Environment.ProcessorCount * 2, 4, 16);

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Uploads and waits until the snapshot is completed.</summary>
    /// <returns>The snapshot's id.</returns>
    /// <exception cref="CallException">The service refused.</exception>
    /// <exception cref="CliException">The snapshot could not be completed.</exception>
    public async Task<string> Upload(IDiskBlocks image, UploadRequest request, CancellationToken cancel)
    {
        var size = request.VolumeSizeGiB ?? image.SizeGiB;
        if (size < image.SizeGiB)
        {
            throw new CliException($"The image has {Sizes.Bytes(image.Length)} and needs --volume-size "
                + $"{image.SizeGiB} at least.", ExitCodes.Usage);
        }
        var id = await Start(request, size, cancel);
        screen.Say($"Snapshot {id}: {size} GiB in {client.Connection.Region}");
        try
        {
            var digests = new Digests();
            var meter = new Meter(screen, "Uploading", _time);
            await meter.Run(image.Length, () => PutAll(id, image, digests, meter, cancel));
            await Complete(id, digests, cancel);
            await WaitUntilCompleted(id, cancel);
            return id;
        }
        catch (Exception) when (!cancel.IsCancellationRequested)
        {
            screen.Say($"The snapshot {id} is incomplete; it fails by itself, or delete it now: "
                + $"aws ec2 delete-snapshot --snapshot-id {id}");
            throw;
        }
    }

    private async Task<string> Start(UploadRequest request, int size, CancellationToken cancel)
    {
        var body = new JsonObject { ["VolumeSize"] = size, ["ClientToken"] = Token() };
        if (request.Description is not null)
            body["Description"] = request.Description;
        if (request.ParentSnapshotId is not null)
            body["ParentSnapshotId"] = request.ParentSnapshotId;
        if (request.Encrypted)
            body["Encrypted"] = true;
        if (request.KmsKeyId is { } key)
            body["KmsKeyArn"] = await KeyArn(key, cancel);
        var answer = await client.Ebs(new CallMessage("ebs", HttpMethod.Post, "/snapshots")
        {
            Body = Encoding.UTF8.GetBytes(body.ToJsonString()),
            ContentType = "application/json",
        }, cancel);
        return (string?)answer["SnapshotId"] ?? throw new CliException("The service's answer names no snapshot.");
    }

    // Sent again after a lost answer, it starts one snapshot, not two.
    private static string Token() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    /// <summary>The API wants an ARN; people have ids and aliases, which KMS turns into one.</summary>
    private async Task<string> KeyArn(string key, CancellationToken cancel)
    {
        if (key.StartsWith("arn:", StringComparison.Ordinal) && key.Contains(":key/", StringComparison.Ordinal))
            return key;
        var answer = await client.Json(
            "kms", "TrentService.DescribeKey", new JsonObject { ["KeyId"] = key }, cancel);
        return (string?)answer["KeyMetadata"]?["Arn"] ?? throw new CliException($"There is no key '{key}'.");
    }

    private async Task PutAll(string id, IDiskBlocks image, Digests digests, Meter meter, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var blocks = image.DataBlocks().GetEnumerator();
        var gate = new Lock();
        var reached = 0L;
        (int Index, long Passed)? Next()
        {
            lock (gate)
            {
                if (!blocks.MoveNext())
                    return null;
                var before = reached;
                reached = Math.Min(image.Length, ((long)blocks.Current + 1) * RawImage.BlockSize);
                return (blocks.Current, reached - before);
            }
        }
        async Task Work()
        {
            var block = new byte[RawImage.BlockSize];
            while (Next() is var (index, passed))
            {
                stop.Token.ThrowIfCancellationRequested();
                var moved = 0;
                if (image.Read(index, block))
                {
                    await Put(id, index, block, digests, stop.Token);
                    moved = block.Length;
                }
                meter.Add(passed, moved);
            }
        }
        async Task Worker()
        {
            try
            {
                await Task.Run(Work, stop.Token);
            }
            catch
            {
                // The first failure ends the others; they would only repeat it.
                await stop.CancelAsync();
                throw;
            }
        }
        var workers = Enumerable.Range(0, Workers).Select(_ => Worker()).ToArray();
        try
        {
            await Task.WhenAll(workers);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            foreach (var failed in workers.Where(w => w.IsFaulted))
                await failed;
            throw;
        }
        meter.Add(image.Length - reached, 0);
    }

    private async Task Put(string id, int index, byte[] block, Digests digests, CancellationToken cancel)
    {
        var digest = SHA256.HashData(block);
        using var answer = await client.Send(new CallMessage(
            "ebs", HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"/snapshots/{id}/blocks/{index}"))
        {
            Body = block,
            BodySha256Hex = Convert.ToHexStringLower(digest),
            ContentType = "application/octet-stream",
            Headers =
            [
                new("x-amz-data-length", "524288"),
                new("x-amz-checksum", Convert.ToBase64String(digest)),
                new("x-amz-checksum-algorithm", "SHA256"),
            ],
        }, cancel);
        digests.Add(index, digest);
    }

    private async Task Complete(string id, Digests digests, CancellationToken cancel)
    {
        using var answer = await client.Send(
            new CallMessage("ebs", HttpMethod.Post, $"/snapshots/completion/{id}")
            {
                Headers =
                [
                    new("x-amz-changedblockscount", digests.Count.ToString(CultureInfo.InvariantCulture)),
                    new("x-amz-checksum", digests.Linear()),
                    new("x-amz-checksum-algorithm", "SHA256"),
                    new("x-amz-checksum-aggregation-method", "LINEAR"),
                ],
            }, cancel);
    }

    private async Task WaitUntilCompleted(string id, CancellationToken cancel)
    {
        for (var wait = AskEvery; ; wait = wait < AskEveryMax ? wait * 2 : AskEveryMax)
        {
            var answer = await client.Ec2("DescribeSnapshots", [("SnapshotId.1", id)], cancel);
            var item = answer.Element("snapshotSet")?.Element("item");
            switch (item?.Element("status")?.Value)
            {
                case "completed":
                    return;
                case "error":
                    throw new CliException($"The snapshot {id} failed: {item.Element("statusMessage")?.Value}");
            }
            await Task.Delay(wait, _time, cancel);
        }
    }
}
