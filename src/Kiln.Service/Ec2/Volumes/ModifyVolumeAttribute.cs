using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Sets autoEnableIO. EC2 API Reference "ModifyVolumeAttribute".</summary>
/// <remarks>Kiln never takes a volume's I/O away, so the attribute is kept and shown, and has nothing to do.</remarks>
[Operation("ec2:ModifyVolumeAttribute")]
public sealed class ModifyVolumeAttribute(Db db)
    : IOperation<ModifyVolumeAttribute.Request, ModifyVolumeAttribute.Response>
{
    /// <summary>Volume and value.</summary>
    public sealed record Request
    {
        /// <summary>The value.</summary>
        public AttributeBooleanValue? AutoEnableIO { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var value = request.AutoEnableIO?.Value ?? throw Ec2Error.MissingParameter("autoEnableIO");
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        await call.Authorize(VolumeAccess.ArnOf(call, volume.Id));
        volume.AutoEnableIO = value;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
