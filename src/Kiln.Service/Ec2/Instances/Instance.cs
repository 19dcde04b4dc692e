using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Iam;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Instances;

/// <summary>A machine: a row over a guest and its volumes. EC2 API Reference "Instance".</summary>
public sealed class Instance : Entity
{
    /// <summary><c>i-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region it lives in.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The node that runs it.</summary>
    [MaxLength(40)]
    public required string NodeId { get; init; }

    /// <summary>The launch it belongs to, <c>r-</c> and 17 hex digits.</summary>
    [MaxLength(24)]
    public required string ReservationId { get; init; }

    /// <summary>Its place in that launch, from 0.</summary>
    public required int LaunchIndex { get; init; }

    /// <summary>The image it was launched from, for ever.</summary>
    [MaxLength(24)]
    public required string ImageId { get; init; }

    /// <summary>The instance type, e.g. <c>t3.micro</c>.</summary>
    [MaxLength(32)]
    public required string InstanceType { get; set; }

    /// <summary>The state; moved by <see cref="Become"/>.</summary>
    public InstanceState State { get; private set; } = InstanceState.Pending;

    /// <summary>Whether RebootInstances was called and the machine has not been told yet.</summary>
    public bool RebootRequested { get; set; }

    /// <summary>Whether the stop under way pulls the plug.</summary>
    public bool StopForced { get; set; }

    /// <summary>When the machine was last switched on or off, or told to.</summary>
    public DateTimeOffset PowerSince { get; private set; }

    /// <summary>Where a running machine stands while an image is made of it.</summary>
    [MaxLength(16)]
    public GuestPhase Phase { get; private set; }

    /// <summary>The images that wait for, or hold, the machine's rest; see <see cref="AskQuiet"/>.</summary>
    public IReadOnlyList<string> QuietFor { get; private set; } = [];

    /// <summary>When the state last changed.</summary>
    public DateTimeOffset StateSince { get; private set; }

    /// <summary>Why it is in its state, as a code, e.g. <c>Client.UserInitiatedShutdown</c>.</summary>
    [MaxLength(64)]
    public string? StateReasonCode { get; private set; }

    /// <summary>Why, in words.</summary>
    [MaxLength(1024)]
    public string? StateReasonMessage { get; private set; }

    /// <summary>The older text form, e.g. <c>User initiated (2021-09-29 11:04:43 GMT)</c>.</summary>
    [MaxLength(256)]
    public string StateTransitionReason { get; private set; } = "";

    /// <summary>When it was last started.</summary>
    public required DateTimeOffset LaunchTime { get; set; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What it runs on, taken from its image.</summary>
    public required ImagePlatform Platform { get; set; }

    /// <summary><c>ebs</c> or <c>instance-store</c>.</summary>
    [MaxLength(16)]
    public required string RootDeviceType { get; init; }

    /// <summary>The root's device name.</summary>
    [MaxLength(64)]
    public string? RootDeviceName { get; init; }

    /// <summary>Instance store entries of the merged mapping (EBS ones are attachments).</summary>
    public IReadOnlyList<ImageDevice> EphemeralDevices { get; init; } = [];

    /// <summary>The key pair's name, or null.</summary>
    [MaxLength(255)]
    public string? KeyName { get; init; }

    /// <summary>The pair's public half as it was at launch, an OpenSSH line: deleting the pair does not lock
    /// anybody out.</summary>
    public string? PublicKey { get; init; }

    /// <summary>The zone.</summary>
    [MaxLength(40)]
    public required string AvailabilityZone { get; init; }

    /// <summary>The VPC.</summary>
    [MaxLength(24)]
    public required string VpcId { get; init; }

    /// <summary>The subnet.</summary>
    [MaxLength(24)]
    public required string SubnetId { get; init; }

    /// <summary>The primary network interface.</summary>
    [MaxLength(24)]
    public required string NetworkInterfaceId { get; init; }

    /// <summary>Its MAC address.</summary>
    [MaxLength(24)]
    public required string MacAddress { get; init; }

    /// <summary>The private address, kept for life.</summary>
    [MaxLength(45)]
    public required string PrivateIpAddress { get; init; }

    /// <summary>The public address while running; null when it has none.</summary>
    [MaxLength(45)]
    public string? PublicIpAddress { get; set; }

    /// <summary>Whether it gets a public address when it starts.</summary>
    public bool AssociatePublicIpAddress { get; init; }

    /// <summary>The interface while there is one, with its security groups; a terminated instance has none.</summary>
    public NetworkInterface? Interface { get; init; }

    /// <summary>User data, base64; null for none.</summary>
    public string? UserData { get; set; }

    /// <summary>ARN of the instance profile, or null.</summary>
    [MaxLength(256)]
    public string? IamInstanceProfileArn { get; private set; }

    /// <summary>Its id, <c>AIPA</c> and 17 letters or digits.</summary>
    [MaxLength(32)]
    public string? IamInstanceProfileId { get; private set; }

    /// <summary>Id of the profile's association, <c>iip-assoc-</c> and 17 hex digits; null for none.</summary>
    [MaxLength(32)]
    public string? ProfileAssociationId { get; private set; }

    /// <summary>When the profile was associated.</summary>
    public DateTimeOffset? ProfileAssociatedAt { get; private set; }

    /// <summary><c>stop</c> or <c>terminate</c>: what a shutdown from inside does.</summary>
    [MaxLength(16)]
    public string ShutdownBehavior { get; set; } = "stop";

    /// <summary>Whether TerminateInstances is refused.</summary>
    public bool DisableApiTermination { get; set; }

    /// <summary>Whether StopInstances is refused.</summary>
    public bool DisableApiStop { get; set; }

    /// <summary>EBS-optimised.</summary>
    public bool EbsOptimized { get; set; }

    /// <summary>Detailed monitoring.</summary>
    public bool Monitoring { get; set; }

    /// <summary>How the metadata service answers.</summary>
    public required MetadataOptions MetadataOptions { get; set; }

    /// <summary>The client token of its launch; empty when there was none.</summary>
    [MaxLength(64)]
    public string ClientToken { get; init; } = "";

    /// <summary>When it was terminated; it is shown for an hour after.</summary>
    public DateTimeOffset? TerminatedAt { get; private set; }

    /// <summary>Begins its life: pending since now.</summary>
    public void Begin(DateTimeOffset now) => StateSince = PowerSince = now;

    /// <summary>Whether a state may follow another. EC2 User Guide "Instance lifecycle".</summary>
    public static bool MayBecome(InstanceState from, InstanceState to) => (from, to) switch
    {
        (InstanceState.Pending, InstanceState.Running or InstanceState.ShuttingDown or InstanceState.Terminated
            or InstanceState.Stopped) => true,
        (InstanceState.Running, InstanceState.Stopping or InstanceState.ShuttingDown or InstanceState.Stopped) => true,
        (InstanceState.Stopping, InstanceState.Stopped or InstanceState.ShuttingDown) => true,
        (InstanceState.Stopped, InstanceState.Pending or InstanceState.ShuttingDown) => true,
        (InstanceState.ShuttingDown, InstanceState.Terminated) => true,
        _ => false,
    };

    /// <summary>Moves to a state.</summary>
    /// <exception cref="UnreachableException">The state may not follow the present one.</exception>
    public void Become(
        InstanceState state, DateTimeOffset now, string? reasonCode = null, string? reason = null,
        string transition = "")
    {
        if (!MayBecome(State, state))
            throw new UnreachableException($"Instance {Id} cannot go from {State} to {state}.");
        State = state;
        StateSince = now;
        // An image's hold ends with the running state: a stopped machine is quiet anyway, a terminated one is gone.
        Phase = GuestPhase.None;
        if (state is InstanceState.Pending or InstanceState.Stopping or InstanceState.ShuttingDown)
            PowerSince = now;
        StateReasonCode = reasonCode;
        StateReasonMessage = reason?.Length > 1024 ? reason[..1024] : reason;
        StateTransitionReason = transition;
        if (state == InstanceState.Terminated)
            TerminatedAt = now;
    }

    /// <summary>Gives it an instance profile by a new association, or takes the one it has.</summary>
    public void Associate(InstanceProfile? profile, DateTimeOffset now)
    {
        IamInstanceProfileArn = profile?.Arn;
        IamInstanceProfileId = profile?.Id;
        ProfileAssociationId = profile is null ? null : Ids.New("iip-assoc");
        ProfileAssociatedAt = profile is null ? null : now;
    }

    /// <summary>Whether an instant taken now is clean: the machine is off, for good or for an image.</summary>
    public bool IsQuiet =>
        State == InstanceState.Stopped || (State == InstanceState.Running && Phase == GuestPhase.Quiet);

    /// <summary>
    /// Asks for the machine's rest on behalf of an image. Save it together with a wish for work of kind
    /// <c>instance</c>; the image's work row is woken when <see cref="IsQuiet"/> holds. <see cref="Resume"/> must
    /// follow.
    /// </summary>
    public void AskQuiet(string imageId) => QuietFor = [.. QuietFor.Where(id => id != imageId), imageId];

    /// <summary>Ends an image's hold on the machine, which starts again after the last one.</summary>
    public void Resume(string imageId) => QuietFor = [.. QuietFor.Where(id => id != imageId)];

    /// <summary>Moves to a phase of an image's making.</summary>
    public void Enter(GuestPhase phase, DateTimeOffset now)
    {
        if (phase is GuestPhase.Quieting or GuestPhase.Resuming)
            PowerSince = now;
        Phase = phase;
    }

    private sealed class Configuration : IEntityTypeConfiguration<Instance>
    {
        public void Configure(EntityTypeBuilder<Instance> builder)
        {
            builder.HasIndex(i => new { i.Region, i.AccountId, i.Id });
            builder.HasIndex(i => i.ImageId);
            builder.HasIndex(i => i.ReservationId);
            builder.HasIndex(i => i.ProfileAssociationId);
            builder.HasIndex(i => new { i.SubnetId, i.PrivateIpAddress });
            builder.Property(i => i.Platform).HasJson();
            builder.Property(i => i.EphemeralDevices).HasJson();
            builder.Property(i => i.QuietFor).HasJson();
            builder.Ignore(i => i.IsQuiet);
            builder.Property(i => i.MetadataOptions).HasJson();
        }
    }
}
