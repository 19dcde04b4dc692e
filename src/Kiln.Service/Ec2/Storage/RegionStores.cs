using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Metrics;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The block stores of this node: one a Region, under <c>DATA/REGION/blocks</c>, opened when first
/// needed.</summary>
/// <remarks>
/// A Region is a failure domain: a store that cannot be opened refuses calls of its own Region and nothing else, and
/// is tried again by the next call. Thread-safe.
/// </remarks>
public sealed partial class RegionStores(
    ServiceOptions options, OpenBackend disks, BytesInFlight inFlight, BlockMetrics metrics, TimeProvider clock,
    ILogger<RegionStores> log) : IDisposable
{
    private readonly Dictionary<string, BlockStore> _open = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <summary>The folder of a Region: blocks and volumes.</summary>
    public string FolderOf(string region) => Path.Combine(options.Data, region);

    /// <summary>The Regions that have a folder or an open store here.</summary>
    public IReadOnlyList<string> Present =>
        [.. options.RegionList.Where(region => Directory.Exists(Path.Combine(FolderOf(region), "blocks")))];

    /// <summary>Raised with the Region when its store was opened, once a process.</summary>
    public event Action<string>? Opened;

    /// <summary>The stores that are open, by Region.</summary>
    public IReadOnlyList<(string Region, BlockStore Store)> OpenStores
    {
        get
        {
            lock (_gate)
                return [.. _open.Select(open => (open.Key, open.Value))];
        }
    }

    /// <summary>The store of a Region, or null where it cannot be opened.</summary>
    public BlockStore? TryOf(string region)
    {
        try
        {
            return Of(region);
        }
        catch (Protocol.Errors.AwsException)
        {
            return null;
        }
    }

    /// <summary>The store of a Region.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unavailable (503): it cannot be opened.</exception>
    public BlockStore Of(string region)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_open.TryGetValue(region, out var open))
                return open;
            try
            {
                var folder = Path.Combine(FolderOf(region), "blocks");
                MakePrivate(folder);
                var store = BlockStore.Open(
                    disks(folder), new BlockStoreOptions
                    {
                        CacheBytes = (long)options.CacheMiB << 20, DenseZstdLevel = options.RecompressLevel,
                        InFlight = inFlight, Name = region, Metrics = metrics,
                    },
                    clock);
                store.TrashRead += (what, file) => LogTrashRead(region, what, file);
                _open[region] = store;
                Opened?.Invoke(region);
                return store;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                LogOpenFailed(failure, region);
                throw Ec2Error.StoreUnavailable(region, failure.Message);
            }
        }
    }

    /// <summary>Opens a snapshot's manifest.</summary>
    /// <param name="region">The snapshot's Region.</param>
    /// <param name="snapshotId">Its id, for the message.</param>
    /// <param name="manifestId">What its row holds.</param>
    /// <exception cref="Protocol.Errors.AwsException">InaccessibleStorageLocation: it is lost or damaged;
    /// Unavailable (503): the disk does not give it.</exception>
    public Manifest Manifest(string region, string snapshotId, string manifestId)
    {
        try
        {
            return Of(region).OpenManifest(new ManifestId(manifestId));
        }
        catch (IOException failure)
        {
            throw failure is BlockStoreException
                ? Ec2Error.DataLost(snapshotId, region, failure.Message)
                : Ec2Error.StoreUnavailable(region, failure.Message);
        }
    }

    /// <summary>Makes a folder and its parents, for this user only.</summary>
    internal static void MakePrivate(string folder) => Directory.CreateDirectory(
        folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

    /// <summary>Closes every store. Volumes must have been closed before.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (var (region, store) in _open)
            {
                try
                {
                    store.Dispose();
                }
                catch (IOException failure)
                {
                    // What was committed is safe; recovery at the next start does the rest. The others still close.
                    LogCloseFailed(failure, region);
                }
            }
            _open.Clear();
        }
    }

    [LoggerMessage(Level = LogLevel.Error,
        Message = "ALARM: in {Region} {What} was needed and lay in the trash. It is back ({File}); something that "
            + "needs it was forgotten when it was collected. See docs/operating/damage.md")]
    private partial void LogTrashRead(string region, string what, string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "The block store of {Region} cannot be opened")]
    private partial void LogOpenFailed(Exception failure, string region);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The block store of {Region} did not close cleanly")]
    private partial void LogCloseFailed(Exception failure, string region);
}
