using System.Globalization;
using System.Security.Cryptography;
using Kiln.Cli.Connections;
using Kiln.Cli.Output;

namespace Kiln.Cli.Snapshots;

/// <summary>Writes a snapshot to a raw disk image: sparse, and every block verified against its checksum.</summary>
/// <remarks>
/// It is written beside the target and renamed when it is whole, so the target is never half a disk. A journal beside
/// it says which blocks are there with which digest; a later run reads those again instead of fetching them.
/// </remarks>
public sealed class Downloader(AwsClient client, Screen screen, TimeProvider? time = null)
{
    /// <summary>How often a block that arrived damaged is fetched again.</summary>
    private const int DamagedMax = 3;

    private static readonly int Workers = Math.Clamp(Environment.ProcessorCount * 2, 4, 16);

    /// <summary>Downloads.</summary>
    /// <param name="snapshotId">The snapshot.</param>
    /// <param name="path">The file to make or to replace.</param>
    /// <param name="cancel">Gives up; what has arrived stays for the next run.</param>
    /// <exception cref="CliException">The file cannot be written, or a block does not match its checksum.</exception>
    public async Task Download(string snapshotId, string path, CancellationToken cancel)
    {
        var target = Path.GetFullPath(path);
        if (Directory.Exists(target)
            || (File.Exists(target) && !File.GetAttributes(target).HasFlag(FileAttributes.Normal)
            && (File.GetAttributes(target) & FileAttributes.Device) != 0))
            throw new CliException($"{path} is not a regular file: name a file to make.", ExitCodes.Usage);
        var list = await List(snapshotId, cancel);
        screen.Say($"Snapshot {snapshotId}: {list.SizeGiB} GiB, {list.Blocks.Count} blocks with data");
        var part = $"{target}.{snapshotId}.part";
        using (var journal = PartJournal.Open(part + ".blocks"))
        {
            using var file = new DiskFile(part, list.SizeGiB * RawImage.GiB);
            file.Reserve(list.Blocks.Select(b => b.Index));
            var meter = new Meter(screen, "Downloading", time);
            await meter.Run((long)list.Blocks.Count * RawImage.BlockSize,
                () => GetAll(snapshotId, list.Blocks, file, journal, meter, cancel));
            file.Sync();
        }
        File.Move(part, target, overwrite: true);
        File.Delete(part + ".blocks");
    }

    private async Task<BlockList> List(string snapshotId, CancellationToken cancel)
    {
        var blocks = new List<(int Index, string Token)>();
        string? token = null;
        while (true)
        {
            var query = token is null ? "" : $"?pageToken={Uri.EscapeDataString(token)}";
            var page = await client.Ebs(new CallMessage(
                "ebs", HttpMethod.Get, $"/snapshots/{Uri.EscapeDataString(snapshotId)}/blocks{query}"), cancel);
            foreach (var block in page["Blocks"]!.AsArray())
                blocks.Add(((int)block!["BlockIndex"]!, (string)block["BlockToken"]!));
            token = (string?)page["NextToken"];
            if (token is null)
                return new BlockList((int)page["VolumeSize"]!, blocks);
        }
    }

    private async Task GetAll(
        string snapshotId, List<(int Index, string Token)> blocks, DiskFile file, PartJournal journal,
        Meter meter, CancellationToken cancel)
    {
        await Parallel.ForAsync(0, Workers, new ParallelOptions
        {
            CancellationToken = cancel,
            MaxDegreeOfParallelism = Workers,
        }, async (worker, stop) =>
        {
            // Each worker takes every n-th block: neighbours stay close in the file, and nobody waits for a queue.
            var buffer = DiskFile.Buffer();
            using var fetched = new FetchedBlock(buffer);
            for (var i = worker; i < blocks.Count; i += Workers)
            {
                stop.ThrowIfCancellationRequested();
                var (index, token) = blocks[i];
                var moved = 0;
                if (!IsThere(file, index, journal, buffer.Span))
                {
                    var digest = await Get(snapshotId, index, token, fetched, stop);
                    if (buffer.Span.ContainsAnyExcept((byte)0) || journal.WasWritten(index))
                        file.Write(index, buffer.Span);
                    journal.Add(index, digest);
                    moved = buffer.Length;
                }
                meter.Add(RawImage.BlockSize, moved);
            }
        });
    }

    private static bool IsThere(DiskFile file, int index, PartJournal journal, Span<byte> buffer) =>
        journal.Digest(index) is { } digest
            && file.Read(index, buffer) == buffer.Length && SHA256.HashData(buffer).AsSpan().SequenceEqual(digest);

    private async Task<byte[]> Get(
        string snapshotId, int index, string token, FetchedBlock fetched, CancellationToken cancel)
    {
        var path = string.Create(CultureInfo.InvariantCulture,
            $"/snapshots/{Uri.EscapeDataString(snapshotId)}/blocks/{index}?blockToken={Uri.EscapeDataString(token)}");
        var message = new CallMessage("ebs", HttpMethod.Get, path) { Headers = FetchedBlock.Wishes };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var answer = await client.Send(message, cancel);
                if (await fetched.Receive(answer, cancel) is { } digest)
                    return digest;
                if (attempt >= DamagedMax)
                {
                    throw new CliException(
                        $"Block {index} of {snapshotId} does not match its checksum. Run kiln check.",
                            ExitCodes.Damaged);
                }
            }
            catch (IOException) when (attempt < DamagedMax)
            {
                // The connection broke inside the block; the call itself is patient with the rest.
            }
        }
    }

    private sealed record BlockList(int SizeGiB, List<(int Index, string Token)> Blocks);
}
