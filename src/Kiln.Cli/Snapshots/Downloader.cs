using System.Globalization;
using System.Runtime.CompilerServices;
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

    /// <summary>How many blocks a worker asks for in one call: what the service lends memory for, mostly.</summary>
    private const int RunBlocks = 16;

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
        var next = 0;
        await Parallel.ForAsync(0, Workers, new ParallelOptions
        {
            CancellationToken = cancel,
            MaxDegreeOfParallelism = Workers,
        }, async (_, stop) =>
        {
            // Each takes the next run of blocks: neighbours stay close in the file, and none waits for another.
            var buffer = DiskFile.Buffer();
            using var reader = new BlockReader(buffer);
            int from;
            while ((from = Interlocked.Add(ref next, RunBlocks) - RunBlocks) < blocks.Count)
            {
                var to = Math.Min(from + RunBlocks, blocks.Count);
                while (from < to)
                {
                    stop.ThrowIfCancellationRequested();
                    if (IsThere(file, blocks[from].Index, journal, buffer.Span))
                    {
                        meter.Add(RawImage.BlockSize, 0);
                        from++;
                        continue;
                    }
                    var end = from + 1;
                    while (end < to && journal.Digest(blocks[end].Index) is null)
                        end++;
                    await foreach (var digest in Get(snapshotId, blocks[from..end], reader, stop))
                    {
                        var index = blocks[from++].Index;
                        if (buffer.Span.ContainsAnyExcept((byte)0) || journal.WasWritten(index))
                            file.Write(index, buffer.Span);
                        journal.Add(index, digest);
                        meter.Add(RawImage.BlockSize, buffer.Length);
                    }
                }
            }
        });
    }

    private static bool IsThere(DiskFile file, int index, PartJournal journal, Span<byte> buffer) =>
        journal.Digest(index) is { } digest
            && file.Read(index, buffer) == buffer.Length && SHA256.HashData(buffer).AsSpan().SequenceEqual(digest);

    /// <summary>Fetches blocks one after the other into the reader's memory; gives the digest of each.</summary>
    private async IAsyncEnumerable<byte[]> Get(
        string snapshotId, List<(int Index, string Token)> blocks, BlockReader reader,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        var (done, failures, left) = (0, 0, 0);
        while (done < blocks.Count)
        {
            byte[]? digest = null;
            try
            {
                if (left == 0)
                    left = await reader.Begin(await Ask(snapshotId, blocks[done..], cancel), cancel);
                digest = await reader.Next(blocks[done].Index, cancel);
            }
            catch (IOException) when (failures < DamagedMax - 1)
            {
                // The connection broke inside a block; the call itself is patient with the rest.
            }
            if (digest is not null)
            {
                yield return digest;
                (done, failures, left) = (done + 1, 0, left - 1);
                continue;
            }
            left = 0;
            if (++failures >= DamagedMax)
            {
                throw new CliException(
                    $"Block {blocks[done].Index} of {snapshotId} does not match its checksum. Run kiln check.",
                    ExitCodes.Damaged);
            }
        }
    }

    private Task<HttpResponseMessage> Ask(
        string snapshotId, List<(int Index, string Token)> blocks, CancellationToken cancel)
    {
        var (index, token) = blocks[0];
        var path = string.Create(CultureInfo.InvariantCulture,
            $"/snapshots/{Uri.EscapeDataString(snapshotId)}/blocks/{index}?blockToken={Uri.EscapeDataString(token)}");
        return client.Send(
            new CallMessage("ebs", HttpMethod.Get, path) { Headers = BlockReader.Wishes(blocks.Count) }, cancel);
    }

    private sealed record BlockList(int SizeGiB, List<(int Index, string Token)> Blocks);
}
