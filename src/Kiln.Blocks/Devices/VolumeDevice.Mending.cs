namespace Kiln.Blocks.Devices;

// After a flush that failed.
public sealed partial class VolumeDevice
{
    // No boot of a machine has this number: a cut of it is lost.
    private const ulong NoBoot = 0;

    /// <summary>True after the disk refused a flush: what was written since the one before is in doubt, and every flush
    /// and cut is refused until <see cref="Mend"/>.</summary>
    public bool IsBroken => Volatile.Read(ref stack).IsBroken;

    /// <summary>
    /// Makes what the volume shows now durable, so that it can be used again. Of what was written since the last flush
    /// that succeeded it may show the old or the new, by sector, as any disk may after a failure. So this is for when
    /// nobody is left who had written it: a guest that goes on would take its next flush for a promise about all.
    /// Instants that were in doubt are lost. Does nothing where nothing is broken.
    /// </summary>
    /// <exception cref="IOException">The disk still fails.</exception>
    public void Mend()
    {
        background.Wait();
        gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            MendLayers();
        }
        finally
        {
            gate.ExitWriteLock();
            background.Release();
        }
    }

    private void Settle(VolumeLayer layer)
    {
        try
        {
            layer.Settle();
        }
        catch (IOException) when (layer.IsBroken)
        {
            RevertBroken();
            throw;
        }
    }

    private void RevertBroken()
    {
        gate.EnterWriteLock();
        try
        {
            foreach (var layer in stack.Layers) layer.Revert();
        }
        finally
        {
            gate.ExitWriteLock();
        }
    }

    private void TryMend()
    {
        try
        {
            MendLayers();
        }
        catch (IOException)
        {
            // The process that opens it next finds the note: VolumeLayer.Doubt.cs.
        }
    }

    private void MendLayers()
    {
        if (!stack.IsBroken) return;

        // First: what is mended looks whole.
        Save(record with
        {
            Cuts = [.. record.Cuts.Select(
                c => c.Settled || !stack.UpTo(c.Layer).IsBroken ? c : c with { Boot = NoBoot })],
        });
        foreach (var layer in stack.Layers)
        {
            try
            {
                layer.Mend();
                layer.Flush();
            }
            catch (IOException)
            {
                layer.Revert();
                throw;
            }
        }
    }
}
