using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Gives I/O back to a volume that AWS has taken it from. EC2 API Reference "EnableVolumeIO".</summary>
/// <remarks>Refused: Kiln never takes I/O away, so no volume is in the state that this operation is for.</remarks>
[Operation("ec2:EnableVolumeIO")]
public sealed class EnableVolumeIO(Db db) : IOperation<EnableVolumeIO.Request, EnableVolumeIO.Response>
{
    /// <summary>The volume.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        await call.Authorize(VolumeAccess.ArnOf(call, volume.Id));
        throw Ec2Error.IncorrectState($"Volume '{volume.Id}' is not impaired: its I/O is enabled.");
    }
}
