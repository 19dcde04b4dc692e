using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Network;

namespace Kiln.Service.Ec2.Instances;

/// <summary>The instances of one launch, on the wire. EC2 API Reference "Reservation".</summary>
public sealed record ReservationItem(
    string ReservationId, string OwnerId,
    [property: Wire("groupSet")] IReadOnlyList<GroupIdentifier> Groups,
    [property: Wire("instancesSet")] IReadOnlyList<InstanceItem> Instances);
