# SPDX-License-Identifier: BSD-2-Clause
# Ruby's mail.
require 'json'
require 'mail'

NAMES = %w[From Sender Resent-From Resent-Sender Author].freeze

def read_message(raw)
  mail = Mail.read_from_string(raw)
  seen = {}
  NAMES.each do |name|
    fields = mail.header.fields.select { |field| field.name.casecmp?(name) }
    pairs = fields.flat_map do |field|
      if field.field.respond_to?(:addrs)
        field.field.addrs.map { |a| [a.display_name.to_s, a.address.to_s] }
      elsif name == 'Author'
        Mail::AddressList.new(field.value.to_s).addresses.map do |a|
          [a.display_name.to_s, a.address.to_s]
        end
      else
        []
      end
    end
    pairs += (mail.from || []).map { |a| ['', a.to_s] } if name == 'From'
    seen[name] = pairs unless pairs.empty?
  end
  seen
end

$stdin.binmode
$stdout.sync = true
while (prefix = $stdin.read(4))
  raw = $stdin.read(prefix.unpack1('N'))
  begin
    line = JSON.generate(read_message(raw))
  rescue StandardError, SystemStackError => e
    line = JSON.generate('error' => e.class.name)
  end
  $stdout.write(line, "\n")
end
