namespace Kiln.Service.Ec2.Volumes;

/// <summary>What a volume type may be: sizes in GiB, IOPS, throughput in MiB/s. Amazon EBS User Guide "Volume
/// types".</summary>
public sealed record VolumeLimits
{
    /// <summary>The type of a volume that names none: EC2's default.</summary>
    public const string DefaultType = "gp2";

    /// <summary>The type's name.</summary>
    public required string Type { get; init; }

    /// <summary>The least size.</summary>
    public required int SizeMin { get; init; }

    /// <summary>The greatest size.</summary>
    public required int SizeMax { get; init; }

    /// <summary>The least IOPS that may be asked for; 0 where none may.</summary>
    public int IopsMin { get; init; }

    /// <summary>The most IOPS that may be asked for.</summary>
    public int IopsMax { get; init; }

    /// <summary>The most IOPS for each GiB.</summary>
    public int IopsPerGiB { get; init; }

    /// <summary>IOPS of a volume that asks for none; null where it has to.</summary>
    public int? IopsDefault { get; init; }

    /// <summary>The least throughput; 0 where none may be asked for.</summary>
    public int ThroughputMin { get; init; }

    /// <summary>The greatest throughput.</summary>
    public int ThroughputMax { get; init; }

    /// <summary>Whether several instances may attach one volume.</summary>
    public bool MultiAttach { get; init; }

    /// <summary>Whether an instance can boot from it.</summary>
    public bool Boots { get; init; } = true;

    /// <summary>Pending snapshots of one volume: EBS's quota, one for the types on hard disks.</summary>
    public int PendingSnapshotsMax { get; init; } = 5;

    /// <summary>Every type.</summary>
    public static IReadOnlyList<VolumeLimits> All { get; } =
    [
        new()
        {
            Type = "gp3", SizeMin = 1, SizeMax = 65_536, IopsMin = 3_000, IopsMax = 80_000, IopsPerGiB = 500,
            IopsDefault = 3_000, ThroughputMin = 125, ThroughputMax = 2_000,
        },
        new() { Type = "gp2", SizeMin = 1, SizeMax = 16_384 },
        new()
        {
            Type = "io1", SizeMin = 4, SizeMax = 16_384, IopsMin = 100, IopsMax = 64_000, IopsPerGiB = 50,
            MultiAttach = true,
        },
        new()
        {
            Type = "io2", SizeMin = 4, SizeMax = 65_536, IopsMin = 100, IopsMax = 256_000, IopsPerGiB = 1_000,
            MultiAttach = true,
        },
        new() { Type = "st1", SizeMin = 125, SizeMax = 16_384, Boots = false, PendingSnapshotsMax = 1 },
        new() { Type = "sc1", SizeMin = 125, SizeMax = 16_384, Boots = false, PendingSnapshotsMax = 1 },
        new() { Type = "standard", SizeMin = 1, SizeMax = 1_024 },
    ];

    /// <summary>The limits of a type.</summary>
    /// <exception cref="Protocol.Errors.AwsException">UnknownVolumeType.</exception>
    public static VolumeLimits Of(string type) =>
        All.FirstOrDefault(l => l.Type == type) ?? throw Ec2Error.UnknownVolumeType(type);

    /// <summary>Checks a volume and completes what was not given.</summary>
    /// <param name="sizeGiB">The size.</param>
    /// <param name="iops">IOPS asked for, or null.</param>
    /// <param name="throughput">MiB/s asked for, or null.</param>
    /// <returns>What the volume shows: gp2's IOPS come with its size.</returns>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameterValue, InvalidParameterCombination or
    /// MissingParameter.</exception>
    public (int? Iops, int? Throughput) Check(int sizeGiB, int? iops, int? throughput)
    {
        if (sizeGiB < SizeMin || sizeGiB > SizeMax)
        {
            throw Ec2Error.InvalidParameterValue(
                $"Volume of {sizeGiB}GiB is {(sizeGiB < SizeMin ? "smaller" : "larger")} than the volume type {Type} " +
                $"allows. It has {SizeMin} to {SizeMax} GiB.");
        }
        return (CheckIops(sizeGiB, iops), CheckThroughput(iops ?? IopsDefault ?? 0, throughput));
    }

    private int? CheckIops(int sizeGiB, int? iops)
    {
        if (Type == "gp2")
        {
            // 3 IOPS a GiB, no fewer than 100, no more than 16,000: a fact of the type, not a parameter.
            return iops is null ? Math.Clamp(3 * sizeGiB, 100, 16_000) : throw IopsNotSupported();
        }
        if (IopsMax == 0)
            return iops is null ? null : throw IopsNotSupported();
        if (iops is null && IopsDefault is null)
            throw Ec2Error.MissingParameter("iops");
        var wanted = iops ?? IopsDefault!.Value;
        if (wanted < IopsMin || wanted > IopsMax)
        {
            throw Ec2Error.InvalidParameterValue(
                $"Volume iops of {wanted} is {(wanted < IopsMin ? "too low; minimum is " : "too high; maximum is ")}" +
                $"{(wanted < IopsMin ? IopsMin : IopsMax)}.");
        }
        // Every volume may have the base, however small.
        if (wanted > Math.Max((long)IopsPerGiB * sizeGiB, IopsDefault ?? IopsMin))
        {
            throw Ec2Error.InvalidParameterValue(
                $"Iops to volume size ratio of {Math.Round((double)wanted / sizeGiB, 3)} is too high; maximum is " +
                $"{IopsPerGiB}.");
        }
        return wanted;
    }

    private int? CheckThroughput(int iops, int? throughput)
    {
        if (ThroughputMax == 0)
        {
            return throughput is null ? null : throw Ec2Error.InvalidParameterCombination(
                $"The parameter throughput is not supported for the volume type {Type}.");
        }
        var wanted = throughput ?? ThroughputMin;
        if (wanted < ThroughputMin || wanted > ThroughputMax)
        {
            throw Ec2Error.InvalidParameterValue(
                $"Volume throughput of {wanted} MiB/s is not between {ThroughputMin} and {ThroughputMax}.");
        }
        // A quarter of a MiB/s for each of the IOPS.
        return wanted * 4 <= iops ? wanted : throw Ec2Error.InvalidParameterValue(
            $"Throughput (MiBps) to iops ratio of {Math.Round((double)wanted / iops, 3)} is too high; " +
            "maximum is 0.25.");
    }

    private Protocol.Errors.AwsException IopsNotSupported() => Ec2Error.InvalidParameterCombination(
        $"The parameter iops is not supported for {Type} volumes.");
}
