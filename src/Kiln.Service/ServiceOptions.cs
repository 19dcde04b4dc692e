namespace Kiln.Service;

/// <summary>Every setting of an installation: the one options type. Set by arguments, KILN_* variables or
/// kiln.json.</summary>
public sealed class ServiceOptions
{
    /// <summary>The Regions that AWS enables in every account, and so the default.</summary>
    public const string DefaultRegions =
        "us-east-1,us-east-2,us-west-1,us-west-2,ap-south-1,ap-northeast-1,ap-northeast-2,ap-northeast-3," +
        "ap-southeast-1,ap-southeast-2,ca-central-1,eu-central-1,eu-west-1,eu-west-2,eu-west-3,eu-north-1,sa-east-1";

    /// <summary>The folder for the database and one folder of blocks per Region.</summary>
    public string Data { get; set; } = "./data";

    /// <summary>Address and port to listen on.</summary>
    public string Listen { get; set; } = "127.0.0.1:4566";

    /// <summary>Development shortcuts: well-known credentials and a clock that can be moved. Loopback only.</summary>
    public bool Dev { get; set; }

    /// <summary>How instances run: <c>qemu</c>, <c>simulated</c>, or <c>auto</c>: QEMU where it is installed.</summary>
    public string Guests { get; set; } = "auto";

    /// <summary>The folder for the sockets of machines; empty for <c>/run/kiln</c> (root) or
    /// <c>/tmp/kiln-UID</c>.</summary>
    public string GuestFolder { get; set; } = "";

    /// <summary>What machines reach: <c>isolated</c> (SSH in, nothing out), <c>nat</c> or <c>bridge</c>.</summary>
    public string GuestNetwork { get; set; } = "isolated";

    /// <summary>What runs machines' processors: <c>kvm</c>, <c>tcg</c>, or <c>auto</c>: KVM where a probe shows that
    /// it works.</summary>
    public string GuestAccelerator { get; set; } = "auto";

    /// <summary>Most memory of one machine in MiB, whatever its instance type says.</summary>
    public int GuestMemoryMiB { get; set; } = 1024;

    /// <summary>Most virtual processors of one machine, whatever its instance type says.</summary>
    public int GuestProcessors { get; set; } = 2;

    /// <summary>Most machines on at a time; 0 for as many as fit into the host's memory, up to 32.</summary>
    public int GuestsMax { get; set; }

    /// <summary>Makes the tiny starter image in the first Region, in the background, where it is not there yet.
    /// </summary>
    public bool StarterImage { get; set; }

    /// <summary>The enabled Regions, separated by commas.</summary>
    public string Regions { get; set; } = DefaultRegions;

    /// <summary><c>postgres://user:password@host:port/database</c>; empty for SQLite in the data folder.</summary>
    public string Database { get; set; } = "";

    /// <summary>The master key file; empty for DATA.master-key beside the data folder.</summary>
    public string MasterKey { get; set; } = "";

    /// <summary>The AWS credentials file written on first start; empty for <c>credentials</c> in the data
    /// folder.</summary>
    public string CredentialsFile { get; set; } = "";

    /// <summary>Omitted attributes of RegisterImage get AWS's defaults, never those of the snapshot's origin.</summary>
    public bool StrictRegisterDefaults { get; set; }

    /// <summary>A copy without a named key never takes a multi-Region replica of the source's key.</summary>
    public bool StrictAwsCopyKey { get; set; }

    /// <summary>Copies between Regions move at most this many MiB a second each; 0 for no limit.</summary>
    public int CopyMiBPerSecond { get; set; }

    /// <summary>All copies from one Region to another together move at most this many MiB a second; 0 for no
    /// limit.</summary>
    public int CopyPairMiBPerSecond { get; set; }

    /// <summary>Memory of uploads, copies and large request bodies together, in MiB; what does not fit waits.</summary>
    public int InFlightMiB { get; set; } = 64;

    /// <summary>Seconds that a large request body waits for memory before it is told to slow down.</summary>
    public int InFlightWaitSeconds { get; set; } = 10;

    /// <summary>Memory for blocks that were read, in MiB.</summary>
    public int CacheMiB { get; set; } = 64;

    /// <summary>zstd level of the recompression of stored blocks while the machine is idle; 0 for none.</summary>
    public int RecompressLevel { get; set; } = 14;

    /// <summary>Recompression begins when a Region's blocks were left alone for so long, in seconds.</summary>
    public int RecompressIdleSeconds { get; set; } = 60;

    /// <summary>MiB a second at which snapshots of volumes that live longer than
    /// <see cref="HydrateAfterSeconds"/> are brought to the local disk; 0 for never.</summary>
    public int HydrateMiBPerSecond { get; set; } = 64;

    /// <summary>Seconds after which that begins.</summary>
    public int HydrateAfterSeconds { get; set; } = 60;

    /// <summary>Seconds after an instance's start in which what it reads is recorded for the next boots; 0 for
    /// never.</summary>
    public int BootTraceSeconds { get; set; } = 60;

    /// <summary>How long deleted data lies in the trash before its blocks are freed, in seconds.</summary>
    public int TrashSeconds { get; set; } = 300;

    /// <summary>Every block is read and checked once in so many days; 0 for never.</summary>
    public int ScrubDays { get; set; } = 14;

    /// <summary>Rate of that reading in each Region, in MiB a second; 0 for no limit.</summary>
    public int ScrubMiBPerSecond { get; set; } = 32;

    /// <summary>Rate at which collection moves live blocks out of thin segments, in MiB a second; 0 for no
    /// limit.</summary>
    public int CompactMiBPerSecond { get; set; } = 64;

    /// <summary>Lets other machines read <c>/metrics</c>; without it only this one may.</summary>
    public bool MetricsRemote { get; set; }

    /// <summary>How long a simulated instance takes from pending to running and from stopping to stopped, in
    /// milliseconds.</summary>
    public int SimulatedBootMilliseconds { get; set; } = 200;

    /// <summary>AMIs per account and Region: EC2's quota.</summary>
    public int ImagesPerRegion { get; set; } = 50_000;

    /// <summary>Public AMIs per account and Region: EC2's quota.</summary>
    public int PublicImagesPerRegion { get; set; } = 5;

    /// <summary>Launch permissions per AMI: EC2's quota.</summary>
    public int LaunchPermissionsPerImage { get; set; } = 1_000;

    /// <summary>AMI copies under way per account and destination Region: EC2's quota.</summary>
    public int ImageCopiesPerRegion { get; set; } = 100;

    /// <summary>Snapshot copies under way per account and destination Region: EC2's quota.</summary>
    public int SnapshotCopiesPerRegion { get; set; } = 20;

    /// <summary>Snapshots under fast restore per account and Region: EBS's quota.</summary>
    public int FastSnapshotRestoresPerRegion { get; set; } = 5;

    /// <summary>Snapshots per account and Region: EC2's quota.</summary>
    public int SnapshotsPerRegion { get; set; } = 100_000;

    /// <summary>Volumes per account and Region.</summary>
    public int VolumesPerRegion { get; set; } = 10_000;

    /// <summary>Instances per account and Region that are not terminated.</summary>
    public int InstancesPerRegion { get; set; } = 1_000;

    /// <summary>The regions as a list.</summary>
    public IReadOnlyList<string> RegionList =>
        Regions.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>The master key file in effect.</summary>
    public string MasterKeyPath =>
        MasterKey.Length > 0 ? MasterKey : Path.TrimEndingDirectorySeparator(Path.GetFullPath(Data)) + ".master-key";

    /// <summary>The credentials file in effect.</summary>
    public string CredentialsPath => CredentialsFile.Length > 0 ? CredentialsFile : Path.Combine(Data, "credentials");
}
