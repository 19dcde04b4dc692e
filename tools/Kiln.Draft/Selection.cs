using System.Text.RegularExpressions;

namespace Kiln.Draft;

/// <summary>Which services are distilled, and of which operations the shapes are kept.</summary>
public static partial class Selection
{
    /// <summary>The services that Kiln speaks or will speak; each is also the name of its folder in the public
    /// model.</summary>
    public static readonly IReadOnlyList<string> Services =
    [
        "autoscaling", "backup", "config", "dlm", "ebs", "ec2", "events", "iam", "imagebuilder", "kms", "rbin", "ssm",
        "sts",
    ];

    /// <summary>Whether an operation's shapes are kept.</summary>
    /// <remarks>
    /// EC2 has 765 operations, most of them on networks: only those on images and on what an image needs are kept, and
    /// the others by name alone. All other services are kept whole.
    /// </remarks>
    public static bool Keeps(string service, string operation) =>
        service != "ec2" || (Kept().IsMatch(operation) && !Dropped().IsMatch(operation));

    [GeneratedRegex(
        "Image|Snapshot|Volume|LaunchTemplate|Tags$|KeyPair|SecurityGroup|Vpcs?$|VpcAttribute$|Subnet|"
        + "AvailabilityZone|Regions$|AccountAttribute|Ebs|ImportTask|ExportTask|ConversionTasks|StoreImage|"
        + "ClassicLink|RecycleBin|Instance|Console(Output|Screenshot)|DiagnosticInterrupt|PasswordData|IdFormat|"
        + "InternetGateway|RouteTables$|"
        + "NetworkInterfaces$|PlacementGroups$|Addresses$|SpotPriceHistory|"
        + "^Describe(Hosts|Fleets|DhcpOptions|NetworkAcls)$")]
    private static partial Regex Kept();

    [GeneratedRegex(
        "Fpga|FleetInst|Reserved|SpotFleet|SpotInst|ConnectEndpoint|EventWindow|Verified|Scheduled|Trunk|"
        + "ClassicLinkInst|tachClassicLink|Bundle|Mac|Sql|Vpn|EventNotification|Secondary|TransitGateway|LocalGateway|"
        + "Ipam|CapacityReservation|EgressOnly|SubnetCidrReservation|Multicast")]
    private static partial Regex Dropped();
}
