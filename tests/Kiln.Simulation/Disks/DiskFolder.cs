using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;

namespace Kiln.Simulation.Disks;

/// <summary>One folder of a <see cref="ModelDisk"/> as a store or a volume uses it.</summary>
internal sealed class DiskFolder(ModelDisk disk, string root, Faults faults) : IBackend
{
    public ulong Boot => disk.Boot;

    public bool TryClaim(long bytes) => true;

    public IBackendFile Create(string name, bool direct) => Noting(name, () =>
    {
        faults.Write();
        return Of(disk.Create(Locate(name)), name);
    });

    public IBackendFile Open(string name, bool direct = false)
    {
        faults.Call();
        return Of(disk.Find(Locate(name)), name);
    }

    public IReadOnlyList<string> List(string folder) => disk.List(folder.Length == 0 ? root : Locate(folder));

    public bool Exists(string name) => disk.Exists(Locate(name));

    public void Delete(string name) => Noting(name.EndsWith(".tmp", StringComparison.Ordinal) ? name : "", () =>
    {
        faults.Call();
        if (Exists(name)) disk.Do(new DiskOp.Delete(Locate(name)));
        return true;
    });

    public void Rename(string from, string to) => Noting(to, () =>
    {
        faults.Write();
        disk.Find(Locate(from));
        disk.Do(new DiskOp.Rename(Locate(from), Locate(to)));
        return true;
    });

    /// <summary>The same calls in the same order as <see cref="FileBackend.WriteAtomic"/>.</summary>
    public void WriteAtomic(string name, ReadOnlySpan<byte> bytes)
    {
        var temporary = name + ".tmp";
        Delete(temporary);
        try
        {
            var file = Create(temporary, direct: false);
            file.Write(0, bytes);
            file.Sync();
            Rename(temporary, name);
        }
        catch
        {
            if (Exists(temporary)) disk.Do(new DiskOp.Delete(Locate(temporary)));
            throw;
        }

        SyncFolder(ModelDisk.FolderOf("/" + name) is { Length: > 0 } folder ? folder[1..] : "");
    }

    public void SyncFolder(string folder)
    {
        faults.Call();
        if (folder == faults.RefusesFolder) throw new IOException("The disk could not write names.");
        disk.Do(new DiskOp.SyncFolder(folder.Length == 0 ? root : Locate(folder)));
    }

    public void Dispose()
    {
        // The disk stays.
    }

    // What a process cannot write down about a sync that failed, the next does not know.
    private T Noting<T>(string name, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (IOException) when (IsDoubt(name))
        {
            faults.DoubtLost = true;
            throw;
        }
    }

    private static bool IsDoubt(string name) =>
        name.Contains("." + VolumeLayer.DoubtPrefix, StringComparison.Ordinal);

    // A store has folders, a volume has none.
    private DiskFile Of(int file, string name) =>
        new(disk, file, faults, IsChecked(name), ofVolume: !name.Contains('/', StringComparison.Ordinal))
        {
            Name = name, IsDoubt = IsDoubt(name),
        };

    // A guest's own bytes have no hash, as on any disk: what turns there cannot be known.
    private static bool IsChecked(string name) => !name.EndsWith(".data", StringComparison.Ordinal);

    private string Locate(string name) => $"{root}/{name}";
}
