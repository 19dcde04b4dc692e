using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Tells one attribute of a volume. EC2 API Reference "DescribeVolumeAttribute".</summary>
[Operation("ec2:DescribeVolumeAttribute")]
public sealed class DescribeVolumeAttribute(Db db)
    : IOperation<DescribeVolumeAttribute.Request, DescribeVolumeAttribute.Response>
{
    /// <summary>Volume and attribute.</summary>
    public sealed record Request
    {
        /// <summary>The attribute.</summary>
        public required VolumeAttributeName Attribute { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The attribute that was asked for.</summary>
    public sealed record Response
    {
        /// <summary>autoEnableIO.</summary>
        public AttributeBooleanValue? AutoEnableIO { get; init; }

        /// <summary>Product codes.</summary>
        [Wire("productCodes")]
        public IReadOnlyList<VolumeProductCode> ProductCodes { get; init; } = [];

        /// <summary>The volume.</summary>
        public required string VolumeId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        await call.Authorize(VolumeAccess.ArnOf(call, volume.Id));
        return request.Attribute == VolumeAttributeName.AutoEnableIO
            ? new Response
            {
                VolumeId = volume.Id,
                AutoEnableIO = new AttributeBooleanValue { Value = volume.AutoEnableIO },
            }
            : new Response
            {
                VolumeId = volume.Id,
                ProductCodes = [.. volume.ProductCodes.Select(
                    code => new VolumeProductCode { ProductCodeId = code, ProductCodeType = "marketplace" })],
            };
    }
}
