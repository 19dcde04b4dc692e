using System.Runtime.InteropServices;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Devices;

// Volumes of one snapshot that share one local copy of it.
public sealed partial class VolumeDevice
{
    /// <summary>
    /// Makes a volume in a new directory above the local copy that another, hydrated and closed, has of the same base:
    /// by links, so that it takes no time and no space, and all who share it share the page cache too.
    /// </summary>
    /// <param name="directory">Its folder, on the same file system; must not hold a volume.</param>
    /// <param name="sizeBytes">A multiple of 4096, at least the other's size.</param>
    /// <param name="loaded">The folder of the other. It may be deleted at any time afterwards.</param>
    /// <param name="store">The Region's store.</param>
    /// <param name="keys">As in <see cref="Create(string, long, Manifests.ManifestId?, BlockStore, Func{string,
    /// KeyDomain}, TimeProvider, string?)"/>.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="domainId">The volume's own key domain.</param>
    /// <returns>The volume, or null when nothing can be shared: the other has another key or no complete copy, or lies
    /// on another file system.</returns>
    public static VolumeDevice? CreateSharing(
        string directory, long sizeBytes, string loaded, BlockStore store, Func<string, KeyDomain> keys,
        TimeProvider clock, string? domainId)
    {
        VolumeRecord other;
        using (var backend = new FileBackend(loaded, readOnly: true)) other = VolumeRecord.Read(backend);
        var copies = other.Layers.Where(l => !l.Dirty).ToList();
        if (!other.Loaded || copies.Count != 1 || other.Domain != domainId || other.SizeBytes > sizeBytes) return null;
        var mine = new FileBackend(directory);
        try
        {
            if (mine.Exists(VolumeRecord.FileName)) throw new IOException("The folder holds a volume already.");
            if (!TryLink(loaded, copies[0].Number, directory, 1)) return null;
            using (var log = mine.Create(VolumeLayer.NameOf(1, "log"), direct: false)) log.Sync();
            VolumeRecord.LayerRecord top;
            using (var layer = VolumeLayer.Create(mine, 2, sizeBytes, domainId is null ? null : keys(domainId)))
                top = layer.Record;
            var record = new VolumeRecord
            {
                SizeBytes = sizeBytes, Base = other.Base, BaseDomain = other.BaseDomain, Domain = domainId,
                Loaded = true, NextLayer = 3, Layers = [copies[0] with { Number = 1, Shared = true }, top],
            };
            record.Write(mine);
            var made = new VolumeDevice(mine, record, store, keys, clock);
            mine = null;
            return made;
        }
        finally
        {
            mine?.Dispose();
        }
    }

    /// <summary>
    /// Takes the local copy of another volume, hydrated and closed, of the manifest that this one was made from: it
    /// is then local itself, in no time, whatever has been written and cut since.
    /// </summary>
    /// <param name="loaded">The folder of the other. It may be deleted at any time afterwards.</param>
    /// <returns>Whether it is local now; false where nothing can be shared (see <see cref="CreateSharing"/>); null
    /// while an upload has the volume: ask again.</returns>
    public bool? Adopt(string loaded)
    {
        VolumeRecord other;
        using (var from = new FileBackend(loaded, readOnly: true)) other = VolumeRecord.Read(from);
        var copies = other.Layers.Where(l => !l.Dirty).ToList();
        if (!background.Wait(0)) return null;
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (IsLocal) return true;
            if (!other.Loaded || copies.Count != 1 || other.Domain != record.Domain || other.SizeBytes > SizeBytes
                || backend is not FileBackend files) return false;
            gate.EnterWriteLock();
            try
            {
                var number = TakeLayerNumber();
                if (!TryLink(loaded, copies[0].Number, files.Root, number)) return false;
                backend.Delete(VolumeLayer.NameOf(number, "log"));
                using (var log = backend.Create(VolumeLayer.NameOf(number, "log"), direct: false)) log.Sync();
                var shared = copies[0] with { Number = number, Shared = true };
                var layer = VolumeLayer.Open(backend, shared, SizeBytes, domain, boot);

                // Beneath all: what differs from the manifest, cut or not, lies above.
                try
                {
                    Save(record with { Loaded = true, Layers = [shared, .. record.Layers] });
                }
                catch
                {
                    layer.Dispose();
                    throw;
                }

                stack = stack.With([layer, .. stack.Layers]);
                return true;
            }
            finally
            {
                gate.ExitWriteLock();
            }
        }
        finally
        {
            background.Release();
        }
    }

    /// <summary>True when the directory holds a volume that was hydrated.</summary>
    /// <exception cref="BlockCorruptException">Its record is damaged.</exception>
    public static bool IsLoaded(string directory)
    {
        if (!Exists(directory)) return false;
        using var backend = new FileBackend(directory, readOnly: true);
        return VolumeRecord.Read(backend).Loaded;
    }

    // Data and map of a layer that is never written again. A map is replaced whole, so its link stays what it was.
    private static bool TryLink(string from, int number, string to, int newNumber)
    {
        var prefix = VolumeLayer.NameOf(number, "data");
        var names = Directory.EnumerateFiles(from, prefix + "*").Select(f => Path.GetFileName(f))
            .Select(name => (name, VolumeLayer.NameOf(newNumber, "data") + name[prefix.Length..]))
            .Append((VolumeLayer.NameOf(number, "map"), VolumeLayer.NameOf(newNumber, "map"))).ToList();
        foreach (var (existing, name) in names)
        {
            // A link that a crash left before the record named it.
            File.Delete(Path.Combine(to, name));
            if (Libc.Link(Path.Combine(from, existing), Path.Combine(to, name)) == 0) continue;
            var errno = Marshal.GetLastPInvokeError();
            if (errno is not (Libc.OtherFileSystem or Libc.TooManyLinks or Libc.NotPermitted or Libc.NotFound))
                throw Libc.Error($"Link of {Path.Combine(from, existing)}", errno);
            foreach (var (_, made) in names) File.Delete(Path.Combine(to, made));
            return false;
        }

        return true;
    }
}
