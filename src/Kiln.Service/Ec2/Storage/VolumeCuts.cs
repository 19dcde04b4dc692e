namespace Kiln.Service.Ec2.Storage;

/// <summary>Instants that were taken of volumes, given up again unless they are kept.</summary>
/// <remarks>
/// A cut is taken before the rows that speak of it are committed, for it is the point in time that the answer
/// promises. <see cref="Keep"/> is called after the commit; whatever a process that dies in between leaves behind is
/// found at its next start.
/// </remarks>
public sealed class VolumeCuts : IDisposable
{
    private readonly VolumeDevices _owner;
    private readonly IReadOnlyList<(VolumeUse Use, string CutId)> _cuts;
    private bool _kept;

    internal VolumeCuts(VolumeDevices owner, IReadOnlyList<(VolumeUse Use, string CutId)> cuts) =>
        (_owner, _cuts) = (owner, cuts);

    /// <summary>The rows are committed: the cuts stay until they are uploaded.</summary>
    public void Keep() => _kept = true;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (use, cutId) in _cuts)
        {
            try
            {
                if (!_kept)
                    use.Device.AbandonCut(cutId);
            }
            catch (IOException)
            {
                // It is dropped when an upload meets it; until then it only keeps a layer apart.
            }
            _owner.Landed(cutId);
            use.Dispose();
        }
    }
}
