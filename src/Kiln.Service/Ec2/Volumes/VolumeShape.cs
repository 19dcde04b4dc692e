namespace Kiln.Service.Ec2.Volumes;

/// <summary>What ModifyVolume can change.</summary>
/// <param name="SizeGiB">Size in GiB.</param>
/// <param name="Type">The volume type.</param>
/// <param name="Iops">IOPS, or null where the type has none.</param>
/// <param name="Throughput">MiB/s, or null where the type has none.</param>
/// <param name="MultiAttach">Whether several instances may attach it.</param>
public sealed record VolumeShape(int SizeGiB, string Type, int? Iops, int? Throughput, bool MultiAttach)
{
    /// <summary>What a volume is now.</summary>
    public static VolumeShape Of(Volume volume) => new(
        volume.SizeGiB, volume.VolumeType, volume.Iops, volume.Throughput, volume.MultiAttachEnabled);
}
